//! One rate for a recording whose parts have several, such as files of different rates joined to one.

use super::output::{Block, Output, Sink};
use crate::error::AudioError;
use crate::resample::Resampler;

/// Converts interleaved samples to the rate of the recording.
#[derive(Debug)]
pub(super) struct RateConverter {
    from: u32,
    to: u32,
    /// One for each channel.
    resamplers: Vec<Resampler>,
    plane: Vec<f32>,
    converted: Vec<Vec<f32>>,
    /// Frame of the stream behind the last one that is presented, where the container gives it.
    pub(super) end: Option<u64>,
    /// Frames at the end that are not presented.
    pub(super) discard_at_end: u64,
}

impl RateConverter {
    /// From the rate `from` to the rate `to`, both in Hz.
    ///
    /// # Errors
    /// [`AudioError::BadSampleRate`] if a rate cannot be converted.
    pub(super) fn new(from: u32, to: u32, channels: usize) -> Result<Self, AudioError> {
        let resamplers = (0..channels).map(|_| Resampler::new(from, to));
        Ok(Self {
            from,
            to,
            resamplers: resamplers.collect::<Result<_, _>>()?,
            plane: Vec::new(),
            converted: vec![Vec::new(); channels],
            end: None,
            discard_at_end: 0,
        })
    }

    /// Whether it takes samples of this kind.
    pub(super) fn takes(&self, rate: u32, channels: usize) -> bool {
        self.from == rate && self.resamplers.len() == channels
    }

    /// A number of frames at the rate of the recording.
    pub(super) fn scale(&self, frames: u64) -> u64 {
        let scaled = u128::from(frames) * u128::from(self.to) / u128::from(self.from.max(1));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }

    /// Replaces the samples by what is ready at the other rate; the rest is held back.
    pub(super) fn convert(&mut self, interleaved: &mut Vec<f32>) -> Result<(), AudioError> {
        let channels = self.resamplers.len();
        for (index, resampler) in self.resamplers.iter_mut().enumerate() {
            self.plane.clear();
            self.plane.extend(interleaved.iter().skip(index).step_by(channels));
            resampler.push(&self.plane, &mut self.converted[index])?;
        }
        self.interleave(interleaved);
        Ok(())
    }

    /// Hands out what was held back, at the end of a stream.
    pub(super) fn finish(&mut self, output: &mut Output, sink: Sink<'_>) -> Result<(), AudioError> {
        for (resampler, converted) in self.resamplers.iter_mut().zip(&mut self.converted) {
            resampler.finish(converted)?;
        }
        let mut interleaved = Vec::new();
        self.interleave(&mut interleaved);
        let channels = self.resamplers.len();
        let here = output.stream_frames().max(0).unsigned_abs();
        let held = (interleaved.len() / channels.max(1)) as u64;
        let presented = held.saturating_sub(self.discard_at_end);
        let left = self.end.map_or(presented, |end| presented.min(end.saturating_sub(here)));
        interleaved.truncate(left as usize * channels);
        output.push(sink, Block { interleaved: &interleaved, channels, sample_rate: self.to })
    }

    fn interleave(&mut self, interleaved: &mut Vec<f32>) {
        interleaved.clear();
        let frames = self.converted.iter().map(Vec::len).min().unwrap_or(0);
        for frame in 0..frames {
            interleaved.extend(self.converted.iter().map(|channel| channel[frame]));
        }
        self.converted.iter_mut().for_each(Vec::clear);
    }
}
