//! The channels of a recording, collected while it is decoded.

use clstm_audio::{AudioError, DecodeLimits, DecodeReport, Waveform};

use super::{ChannelSelection, ChannelSplitter, PreparedChannel, PreparedChannels};
use crate::{RecognizeError, Recognizer};

/// Most audio of all channels together, as a multiple of the longest recording: whole recordings are kept in memory, at
/// 64 kB a second and channel.
const MAX_TOTAL: f64 = 4.0;

/// Keeps the channels of a recording that the caller decodes, without cross-talk, for
/// [`Recognizer::recognize_prepared`]. [`Recognizer::prepare_channels_file`] also decodes.
#[derive(Debug)]
pub struct ChannelLoader {
    recognizer: Recognizer,
    splitter: ChannelSplitter,
    channels: Vec<Vec<f32>>,
    limit_s: f64,
    rate: f64,
}

impl ChannelLoader {
    /// Without samples. All channels together may last four times the longest recording of `limits`.
    #[must_use]
    pub fn new(
        recognizer: &Recognizer,
        limits: &DecodeLimits,
        selection: ChannelSelection,
    ) -> Self {
        let rate = recognizer.sample_rate();
        Self {
            recognizer: recognizer.clone(),
            splitter: ChannelSplitter::new(rate, selection),
            channels: Vec::new(),
            limit_s: limits.max_duration_s,
            rate: f64::from(rate),
        }
    }

    /// Adds interleaved samples `[frames, channels]` at `rate` Hz, the same at each call.
    ///
    /// # Errors
    /// If there is no such channel, the rate is out of its range, or all channels together are too long.
    pub fn push(
        &mut self,
        interleaved: &[f32],
        channels: usize,
        rate: u32,
    ) -> Result<(), RecognizeError> {
        self.splitter.push(interleaved, channels, rate, &mut self.channels)?;
        let total: usize = self.channels.iter().map(Vec::len).sum();
        if total as f64 > MAX_TOTAL * self.limit_s * self.rate {
            let limit_s = MAX_TOTAL * self.limit_s / self.channels.len().max(1) as f64;
            return Err(AudioError::TooLong { limit_s }.into());
        }
        Ok(())
    }

    /// The selected channels, preprocessed, in order.
    ///
    /// # Errors
    /// If a sample is not finite.
    pub fn finish(mut self) -> Result<Vec<PreparedChannel>, RecognizeError> {
        self.splitter.finish(&mut self.channels)?;
        let numbers = self.splitter.selected();
        let Self { recognizer, channels, .. } = self;
        let sample_rate = recognizer.sample_rate();
        let prepared = numbers.zip(channels).map(|(channel, samples)| {
            let recording = recognizer.prepare(Waveform { samples, sample_rate })?;
            Ok(PreparedChannel { channel, recording })
        });
        prepared.collect()
    }

    /// [`finish`](Self::finish), with what the decoder reports.
    pub(super) fn finish_with(
        self,
        report: DecodeReport,
    ) -> Result<PreparedChannels, RecognizeError> {
        if self.recognizer.is_strict() {
            report.strict()?;
        }
        let damage = report.damage.clone();
        let mut channels = self.finish()?;
        for channel in &mut channels {
            channel.recording.set_damage(damage.clone());
        }
        Ok(PreparedChannels { channels, damage, report })
    }
}
