//! Speech in a whole recording.

use std::borrow::Cow;

use super::RATE;
use super::gate::SpeechGate;
use crate::error::AudioError;
use crate::resample::Resampler;

/// Seconds of a recording that are speech, of mono samples at `rate` Hz.
///
/// The speech gate alone decides, on blocks of 64 ms that are louder than pauses: where speech begins and ends matters little
/// here.
///
/// # Errors
/// [`AudioError::BadSampleRate`] for a rate that cannot be resampled.
pub fn speech_seconds(samples: &[f32], rate: u32) -> Result<f64, AudioError> {
    let samples = match rate {
        RATE => Cow::Borrowed(samples),
        _ => Cow::Owned(resampled(samples, rate)?),
    };
    let mut gate = SpeechGate::new();
    let blocks = samples.chunks(SpeechGate::BLOCK).filter(|block| {
        gate.push(block);
        gate.is_active() && gate.is_speech()
    });
    let speech: usize = blocks.map(<[f32]>::len).sum();
    Ok(speech as f64 / f64::from(RATE))
}

fn resampled(samples: &[f32], rate: u32) -> Result<Vec<f32>, AudioError> {
    let mut resampler = Resampler::new(rate, RATE)?;
    let mut out = Vec::new();
    resampler.push(samples, &mut out)?;
    resampler.finish(&mut out)?;
    Ok(out)
}
