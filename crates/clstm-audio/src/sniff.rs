//! Detection of the container from the first bytes of an input.

/// A container format, detected by [`sniff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContainerKind {
    /// RIFF/WAVE, RF64 or BW64.
    Wav,
    /// AIFF or AIFC.
    Aiff,
    /// FLAC in its native container.
    Flac,
    /// Ogg: Opus, Vorbis, FLAC or Speex.
    Ogg,
    /// MPEG audio frames (MP1, MP2, MP3), perhaps behind an ID3v2 tag.
    Mpeg,
    /// AAC frames with ADTS headers.
    Adts,
    /// ISO base media: MP4, M4A, MOV, 3GP.
    Mp4,
    /// Matroska or WebM.
    Matroska,
    /// Core Audio Format.
    Caf,
    /// Adaptive multi-rate speech (`.amr`), which is not decoded.
    Amr,
    /// Windows Media (ASF), which is not decoded.
    Asf,
    /// Sun/NeXT `.au`, which is not decoded.
    Au,
}

impl ContainerKind {
    /// A short name for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::Aiff => "AIFF",
            Self::Flac => "FLAC",
            Self::Ogg => "Ogg",
            Self::Mpeg => "MP3",
            Self::Adts => "ADTS AAC",
            Self::Mp4 => "MP4/M4A",
            Self::Matroska => "Matroska/WebM",
            Self::Caf => "CAF",
            Self::Amr => "AMR",
            Self::Asf => "Windows Media (ASF)",
            Self::Au => "Sun AU",
        }
    }

    /// Whether this crate reads the container; the codec inside may still be unsupported.
    #[must_use]
    pub fn is_readable(self) -> bool {
        !matches!(self, Self::Amr | Self::Asf | Self::Au)
    }

    /// Extensions in use for the container, in lower case.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Wav => &["wav", "wave", "bwf", "rf64"],
            Self::Aiff => &["aiff", "aif", "aifc"],
            Self::Flac => &["flac"],
            Self::Ogg => &["ogg", "oga", "opus", "spx"],
            Self::Mpeg => &["mp3"],
            Self::Adts => &["aac", "adts"],
            Self::Mp4 => &["m4a", "m4b", "m4r", "mp4", "mov", "3gp", "3g2"],
            Self::Matroska => &["webm", "weba", "mka", "mkv"],
            Self::Caf => &["caf"],
            Self::Amr => &["amr", "awb"],
            Self::Asf => &["wma"],
            Self::Au => &[],
        }
    }
}

/// The container that `bytes` begin with; `None` for raw samples and anything unknown.
///
/// Give the first 4 KiB where there are as many: MPEG and ADTS frames have only 11 or 12 fixed bits,
/// and count only if a second frame follows the first, so that raw samples are not taken for frames.
/// All other formats need at most 12 bytes.
///
/// ```
/// use clstm_audio::{ContainerKind, sniff};
///
/// assert_eq!(sniff(b"RIFF\x24\0\0\0WAVEfmt "), Some(ContainerKind::Wav));
/// assert_eq!(sniff(&[0; 64]), None);
/// ```
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<ContainerKind> {
    let at =
        |start: usize, magic: &[u8]| bytes.get(start..).is_some_and(|rest| rest.starts_with(magic));
    if (at(0, b"RIFF") || at(0, b"RF64") || at(0, b"BW64")) && at(8, b"WAVE") {
        return Some(ContainerKind::Wav);
    }
    if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) {
        return Some(ContainerKind::Aiff);
    }
    let magics: [(&[u8], ContainerKind); 8] = [
        (b"fLaC", ContainerKind::Flac),
        (b"OggS", ContainerKind::Ogg),
        (b"\x1aE\xdf\xa3", ContainerKind::Matroska),
        (b"caff", ContainerKind::Caf),
        (b"#!AMR", ContainerKind::Amr),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ContainerKind::Asf),
        (b".snd", ContainerKind::Au),
        (b"ID3", ContainerKind::Mpeg),
    ];
    if let Some((_, kind)) = magics.iter().find(|(magic, _)| at(0, magic)) {
        return Some(*kind);
    }
    // The size of the first box, then its type; old QuickTime files have no `ftyp`.
    if [&b"ftyp"[..], b"styp", b"moov", b"moof"].iter().any(|kind| at(4, kind)) {
        return Some(ContainerKind::Mp4);
    }
    crate::decode::mpeg_kind(bytes)
}

#[cfg(test)]
mod tests {
    use super::{ContainerKind, sniff};

    #[test]
    fn containers_are_detected_by_their_first_bytes() {
        for (bytes, kind) in [
            (&b"RIFF\0\0\0\0WAVE"[..], ContainerKind::Wav),
            (b"RF64\xff\xff\xff\xffWAVE", ContainerKind::Wav),
            (b"FORM\0\0\0\0AIFC", ContainerKind::Aiff),
            (b"fLaC", ContainerKind::Flac),
            (b"OggS\0", ContainerKind::Ogg),
            (b"ID3\x04\0\0\0\0\0\0", ContainerKind::Mpeg),
            (b"\x1aE\xdf\xa3\x9f", ContainerKind::Matroska),
            (b"\0\0\0\x20ftypM4A ", ContainerKind::Mp4),
            (b"caff\0\x01", ContainerKind::Caf),
            (b"#!AMR\n", ContainerKind::Amr),
        ] {
            assert_eq!(sniff(bytes), Some(kind), "{bytes:?}");
        }
        for raw in [&b""[..], b"RIFF\0\0\0\0AVI ", b"RI", &[0xff; 4096], &[0; 4096]] {
            assert_eq!(sniff(raw), None, "{} bytes", raw.len());
        }
    }
}
