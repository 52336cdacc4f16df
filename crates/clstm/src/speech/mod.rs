//! Where a recording or a stream has speech.
//!
//! The speech gate ([`gate`]) separates speech from hum, noise, tones and music, by the second before. In streams, where the
//! beginning and the end of speech matter, a voice activity detector ([`earshot`]) must agree, frame by frame of 16 ms.

mod context;
mod detector;
mod gate;
mod gate_weights;
mod share;
mod spectrum;

pub(crate) use detector::SpeechDetector;
pub(crate) use share::speech_seconds;

/// Sample rate of the gate and the detector, in Hz.
const RATE: u32 = 16_000;
