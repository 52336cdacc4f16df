//! Where a stream has speech.
//!
//! The speech gate ([`clstm_audio::SpeechGate`]) separates speech from hum, noise, tones and music, by the second before. In
//! streams, where the beginning and the end of speech matter, a voice activity detector ([`earshot`]) must agree, frame by
//! frame of 16 ms.

mod detector;

pub(crate) use detector::SpeechDetector;

/// Sample rate of the gate and the detector, in Hz.
const RATE: u32 = clstm_audio::SpeechGate::RATE;
