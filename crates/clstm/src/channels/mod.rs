//! The channels of a recording, each recognised by itself: the two sides of a call, the microphones of a meeting.

mod crosstalk;
mod loader;
mod selection;
mod splitter;
mod stream;
mod timelines;

use std::path::Path;

use clstm_audio::{Damage, DecodeLimits, DecodeReport, EncodedAudio};
use clstm_audio::{stream_channels_bytes, stream_channels_file};

use crate::{PreparedRecording, RecognizeError, Recognizer};

pub use loader::ChannelLoader;
pub use selection::ChannelSelection;
pub use stream::ChannelStream;
pub use timelines::{ChannelEvent, ChannelTimelineBuilder};

pub(crate) use splitter::ChannelSplitter;

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
        let mut loader = ChannelLoader::new(self, limits, selection);
        let report = stream_channels_file(path, limits, |chunk, channels, rate| {
            loader.push(chunk, channels, rate)
        })?;
        loader.finish_with(report)
    }

    /// The channels of a recording in memory, like [`prepare_channels_file`](Self::prepare_channels_file).
    ///
    /// # Errors
    /// Those of [`prepare_channels_file`](Self::prepare_channels_file).
    pub fn prepare_channels_bytes(
        &self,
        bytes: impl EncodedAudio,
        limits: &DecodeLimits,
        selection: ChannelSelection,
    ) -> Result<PreparedChannels, RecognizeError> {
        let mut loader = ChannelLoader::new(self, limits, selection);
        let report = stream_channels_bytes(bytes, None, limits, |chunk, channels, rate| {
            loader.push(chunk, channels, rate)
        })?;
        loader.finish_with(report)
    }
}
