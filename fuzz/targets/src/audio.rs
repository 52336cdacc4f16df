//! Recordings.

use std::time::{Duration, Instant};

use clstm_audio::{
    AudioError, ContainerKind, DecodeLimits, LiveDecoder, WebmStream, decode_bytes,
    load_channels_bytes, sniff, stream_bytes,
};

use crate::ogg::repair;

/// Longest recording, in seconds.
const MAX_DURATION_S: f64 = 5.0;

/// Small limits, and a deadline: an input that takes longer is a finding.
fn limits() -> DecodeLimits {
    DecodeLimits {
        max_duration_s: MAX_DURATION_S,
        max_bytes: 1 << 20,
        deadline: Some(Instant::now() + Duration::from_secs(60)),
        ..Default::default()
    }
}

/// A recording in any container, by all ways to its samples.
pub(crate) fn decode(data: &[u8]) {
    let limits = limits();
    let _ = sniff(data);
    let whole = decode_bytes(data, None, &limits);
    match &whole {
        Ok(decoded) => {
            let waveform = &decoded.waveform;
            assert!(!waveform.samples.is_empty(), "no samples and no error");
            assert!(waveform.samples.iter().all(|x| x.is_finite()), "a sample is not finite");
            assert!(waveform.duration_s() <= MAX_DURATION_S, "longer than allowed");
        }
        Err(error) => {
            assert!(!matches!(error, AudioError::DeadlineExceeded), "no end within a minute");
            assert!(!error.to_string().is_empty(), "an error without a message");
        }
    }
    let mut samples = Vec::new();
    let report = stream_bytes(data, None, &limits, |chunk, _| {
        samples.extend_from_slice(chunk);
        Ok::<(), AudioError>(())
    });
    if let (Ok(decoded), Ok(_)) = (&whole, &report) {
        assert!(samples == decoded.waveform.samples, "chunks differ from the whole");
    }
    if let Ok(decoded) = load_channels_bytes(data, None, 16_000, &limits) {
        let lengths: Vec<usize> = decoded.channels.iter().map(Vec::len).collect();
        assert!(lengths.windows(2).all(|two| two[0] == two[1]), "channels of different lengths");
    }
}

/// Decodes a live recording piece by piece.
trait Live {
    /// Takes a piece. False if the recording cannot continue.
    fn push(&mut self, piece: &[u8], samples: &mut Vec<f32>) -> bool;
}

impl Live for WebmStream {
    fn push(&mut self, piece: &[u8], samples: &mut Vec<f32>) -> bool {
        WebmStream::push(self, piece, samples).is_ok()
    }
}

impl Live for LiveDecoder {
    fn push(&mut self, piece: &[u8], samples: &mut Vec<f32>) -> bool {
        LiveDecoder::push(self, piece, samples).is_ok()
    }
}

/// The samples of a live recording up to the first error, and whether there is one.
fn pushed<'a>(mut live: impl Live, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<f32>, bool) {
    let mut samples = Vec::new();
    for piece in pieces {
        if !live.push(piece, &mut samples) {
            return (samples, true);
        }
        assert!(samples.len() < 100 << 20, "400 MB of samples");
    }
    (samples, false)
}

/// The data in pieces whose lengths the bytes of `cuts` give.
fn pieces<'a>(cuts: &[u8], data: &'a [u8]) -> Vec<&'a [u8]> {
    let mut rest = data;
    let mut pieces = Vec::new();
    for length in cuts.iter().cycle().map(|cut| usize::from(*cut).max(1)) {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// A live recording, cut into pieces whose lengths the first bytes give.
pub(crate) fn webm_stream(data: &[u8]) {
    let (cuts, data) = data.split_at(data.len().min(4));
    check_cuts(WebmStream::new, cuts, data, WebmStream::RATE);
}

/// A live recording in Ogg, whose checksums are set right, or in MP4, by the first byte; then as above.
pub(crate) fn live_stream(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let (cuts, data) = data.split_at(data.len().min(4));
    let mut data = data.to_vec();
    let container = match first % 2 {
        0 => {
            repair(&mut data);
            ContainerKind::Ogg
        }
        _ => ContainerKind::Mp4,
    };
    let new = || LiveDecoder::new(container).unwrap_or_else(|error| panic!("{error}"));
    check_cuts(new, cuts, &data, 8_000);
}

/// The cuts of a live recording change nothing. `rate` is the lowest that it may have, in Hz.
fn check_cuts<L: Live>(new: impl Fn() -> L, cuts: &[u8], data: &[u8], rate: u32) {
    let (samples, failed) = pushed(new(), pieces(cuts, data).into_iter());
    assert!(samples.iter().all(|x| x.is_finite()), "a sample is not finite");
    // Gaps are bounded for each piece: compare only where no time stamp jumps.
    let (whole, whole_failed) = pushed(new(), std::iter::once(data));
    assert!(failed == whole_failed || data.is_empty(), "the cuts decide whether it is damaged");
    if !failed && samples.len() < 5 * rate as usize {
        assert!(samples == whole, "the cuts decide the samples");
    }
}
