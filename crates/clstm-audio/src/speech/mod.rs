//! Speech or other sound: the speech gate, which separates speech from hum, noise, tones and music.

mod context;
mod gate;
mod gate_weights;
mod share;
mod spectrum;

pub use gate::SpeechGate;
pub use share::speech_seconds;

/// Sample rate of the gate, in Hz.
const RATE: u32 = 16_000;
