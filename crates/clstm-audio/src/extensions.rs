//! File-name extensions of recordings.

/// Extensions, in lower case, of the files that count as recordings when a folder is searched.
///
/// The list also has formats that cannot be decoded (AMR, Speex, WMA): such a file is reported
/// with an error that names its codec, while a file that the search leaves out would be missed.
/// A file that is named explicitly is decoded whatever its extension.
pub const EXTENSIONS: &[&str] = &[
    "3g2", "3gp", "aac", "adts", "aif", "aifc", "aiff", "amr", "awb", "bwf", "caf", "flac", "gsm",
    "m4a", "m4b", "m4r", "mka", "mkv", "mov", "mp3", "mp4", "oga", "ogg", "opus", "rf64", "spx",
    "wav", "wave", "weba", "webm", "wma",
];

#[cfg(test)]
mod tests {
    use super::EXTENSIONS;
    use crate::ContainerKind::*;

    #[test]
    fn every_container_is_in_the_list() {
        for kind in [Wav, Aiff, Flac, Ogg, Mpeg, Adts, Mp4, Matroska, Caf, Amr, Asf] {
            for extension in kind.extensions() {
                assert!(EXTENSIONS.contains(extension), "{kind:?}: {extension}");
            }
        }
    }

    #[test]
    fn extensions_are_sorted_and_in_lower_case() {
        assert!(EXTENSIONS.is_sorted());
        for extension in EXTENSIONS {
            assert_eq!(*extension, extension.to_ascii_lowercase());
        }
    }
}
