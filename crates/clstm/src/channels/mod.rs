//! The channels of a recording, each recognised by itself: the two sides of a call, the microphones of a meeting.

mod crosstalk;
mod selection;
mod splitter;
mod timelines;

use std::path::Path;

use clstm_audio::{AudioError, Damage, DecodeLimits, DecodeReport};
use clstm_audio::{Waveform, stream_channels_bytes, stream_channels_file};

use crate::{PreparedRecording, RecognizeError, Recognizer};

pub use selection::ChannelSelection;
pub use timelines::{ChannelEvent, ChannelTimelineBuilder};

pub(crate) use splitter::ChannelSplitter;

/// Most audio of all channels together, as a multiple of the longest recording: whole recordings are kept in memory, at
/// 64 kB a second and channel.
const MAX_TOTAL: f64 = 4.0;

/// A channel of a recording, decoded and preprocessed.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedChannel {
    /// Number of the channel, from 0.
    pub channel: usize,
    /// What is recognised.
    pub recording: PreparedRecording,
}

/// The channels of a recording.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PreparedChannels {
    /// The selected channels, in order.
    pub channels: Vec<PreparedChannel>,
    /// What is missing of a damaged recording.
    pub damage: Option<Damage>,
    /// What the decoder reports.
    pub report: DecodeReport,
}

impl Recognizer {
    /// Decodes and preprocesses the channels of a recording in a file, without cross-talk: see [`ChannelSelection`]. A mono
    /// recording has channel 0.
    ///
    /// # Errors
    /// If the file cannot be decoded within the limits, all channels together are longer than four times the longest
    /// recording, or there is no such channel.
    pub fn prepare_channels_file(
        &self,
        path: &Path,
        limits: &DecodeLimits,
        selection: ChannelSelection,
    ) -> Result<PreparedChannels, RecognizeError> {
        let mut loader = Loader::new(self, limits, selection);
        let report = stream_channels_file(path, limits, |chunk, channels, rate| {
            loader.push(chunk, channels, rate)
        })?;
        loader.finish(self, report)
    }

    /// The channels of a recording in memory, like [`prepare_channels_file`](Self::prepare_channels_file).
    ///
    /// # Errors
    /// Those of [`prepare_channels_file`](Self::prepare_channels_file).
    pub fn prepare_channels_bytes(
        &self,
        bytes: impl AsRef<[u8]>,
        limits: &DecodeLimits,
        selection: ChannelSelection,
    ) -> Result<PreparedChannels, RecognizeError> {
        let mut loader = Loader::new(self, limits, selection);
        let report = stream_channels_bytes(bytes, None, limits, |chunk, channels, rate| {
            loader.push(chunk, channels, rate)
        })?;
        loader.finish(self, report)
    }
}

/// Keeps the channels of a recording.
struct Loader {
    splitter: ChannelSplitter,
    channels: Vec<Vec<f32>>,
    limit_s: f64,
    rate: f64,
}

impl Loader {
    fn new(recognizer: &Recognizer, limits: &DecodeLimits, selection: ChannelSelection) -> Self {
        let rate = recognizer.sample_rate();
        Self {
            splitter: ChannelSplitter::new(rate, selection),
            channels: Vec::new(),
            limit_s: limits.max_duration_s,
            rate: f64::from(rate),
        }
    }

    fn push(&mut self, chunk: &[f32], channels: usize, rate: u32) -> Result<(), RecognizeError> {
        self.splitter.push(chunk, channels, rate, &mut self.channels)?;
        let total: usize = self.channels.iter().map(Vec::len).sum();
        if total as f64 > MAX_TOTAL * self.limit_s * self.rate {
            let limit_s = MAX_TOTAL * self.limit_s / self.channels.len().max(1) as f64;
            return Err(AudioError::TooLong { limit_s }.into());
        }
        Ok(())
    }

    fn finish(
        mut self,
        recognizer: &Recognizer,
        report: DecodeReport,
    ) -> Result<PreparedChannels, RecognizeError> {
        self.splitter.finish(&mut self.channels)?;
        if recognizer.is_strict() {
            report.strict()?;
        }
        let numbers = self.splitter.selected();
        let sample_rate = recognizer.sample_rate();
        let prepared = numbers.zip(self.channels).map(|(channel, samples)| {
            let recording = recognizer.prepare(Waveform { samples, sample_rate })?;
            Ok(PreparedChannel { channel, recording })
        });
        let channels = prepared.collect::<Result<_, RecognizeError>>()?;
        Ok(PreparedChannels { channels, damage: report.damage.clone(), report })
    }
}
