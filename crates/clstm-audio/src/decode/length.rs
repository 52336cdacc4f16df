//! How long a recording says it is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use super::limits::DecodeLimits;
use super::source::{self, Input};

/// Seconds of sound that the header of a file promises, where it promises any: to show how far something
/// has come, no more. MP3 without a header of its own and the like are estimated.
///
/// Nothing is decoded. A pipe, which can be read only once, is left alone.
#[must_use]
pub fn promised_s(path: &Path, limits: &DecodeLimits) -> Option<f64> {
    std::fs::metadata(path).ok().filter(|metadata| metadata.is_file())?;
    source::with_file(path, limits, |input| {
        // Damaged data may make a demuxer panic; whoever decodes them is told what is wrong.
        Ok(catch_unwind(AssertUnwindSafe(|| seconds(input))).unwrap_or_default())
    })
    .ok()
    .flatten()
}

fn seconds(input: Input<'_>) -> Option<f64> {
    let mut hint = Hint::new();
    if let Some(extension) = &input.extension {
        hint.with_extension(extension);
    }
    let media = MediaSourceStream::new(input.media, Default::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let format = symphonia::default::get_probe().probe(&hint, media, format, metadata).ok()?;
    let track = format.default_track(TrackType::Audio)?;
    let Some(CodecParameters::Audio(params)) = &track.codec_params else { return None };
    let (frames, rate) = (track.num_frames?, params.sample_rate?);
    (frames > 0 && rate > 0).then(|| frames as f64 / f64::from(rate))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::promised_s;
    use crate::{DecodeLimits, decode_file};

    #[test]
    fn headers_promise_about_what_there_is() {
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
            let decoded_s = decode_file(&path, &limits).expect("a recording").duration_s();
            let promised_s = promised_s(&path, &limits);
            eprintln!("{name}: {decoded_s} s, promised {promised_s:?}");
            // What encoders put before and behind is counted by some.
            let most = if exact { 1e-9 } else { 0.2 };
            let close = promised_s.map(|promised_s| (promised_s - decoded_s).abs() <= most);
            assert!(close.unwrap_or(!exact), "{name}: {decoded_s} s, promised {promised_s:?}");
        }
        for name in ["video_only.mp4", "README.md", "nothing.wav", "reference"] {
            assert_eq!(promised_s(&folder.join(name), &limits), None, "{name}");
        }
    }
}
