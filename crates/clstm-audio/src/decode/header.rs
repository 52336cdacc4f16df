//! The length of a recording by its header.

use std::path::Path;

use super::limits::DecodeLimits;
use super::open;
use super::stream::contain;
use crate::error::AudioError;

/// Length of a recording in seconds by the header of its file, where the header gives it: for progress
/// displays, no more. The length of MP3 is counted.
///
/// Nothing is decoded. A pipe, which can be read only once, is left alone.
#[must_use]
pub fn header_duration_s(path: &Path, limits: &DecodeLimits) -> Option<f64> {
    std::fs::metadata(path).ok().filter(|metadata| metadata.is_file())?;
    let duration = open::with_file(path, limits, |input| {
        let opened = contain(|| open::open(input, 0, limits));
        match opened {
            Some(Ok(opened)) => Ok(opened.demuxer.header_duration_s()),
            _ => Err(AudioError::NoAudioTrack),
        }
    });
    duration.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::header_duration_s;
    use crate::{DecodeLimits, decode_file};

    #[test]
    fn headers_give_about_the_decoded_length() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let limits = DecodeLimits::default();
        for (name, exact) in [
            ("mulaw.wav", true),
            ("rf64.wav", true),
            // Written without knowing how long it would be.
            ("ffmpeg_pipe.wav", true),
            ("tone.aiff", true),
            ("tone.flac", true),
            ("tone.m4a", false),
            ("tone.mp3", false),
            ("tone.ogg", false),
        ] {
            let path = folder.join(name);
            let decoded_s = decode_file(&path, &limits).expect("a recording").waveform.duration_s();
            let header_s = header_duration_s(&path, &limits);
            eprintln!("{name}: {decoded_s} s, header {header_s:?}");
            // What encoders put before and behind is counted by some.
            let most = if exact { 1e-9 } else { 0.2 };
            let close = header_s.map(|header_s| (header_s - decoded_s).abs() <= most);
            assert!(close.unwrap_or(!exact), "{name}: {decoded_s} s, header {header_s:?}");
        }
        for name in ["video_only.mp4", "README.md", "nothing.wav", "reference"] {
            assert_eq!(header_duration_s(&folder.join(name), &limits), None, "{name}");
        }
    }
}
