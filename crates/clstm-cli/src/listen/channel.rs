//! The bounded channel from a source to the listener.

use std::borrow::Cow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use clstm::audio::AudioError;

/// Capacity in chunks. Sources send about ten a second: several seconds of audio, more than the inference of a window
/// takes.
const CAPACITY: usize = 128;

/// Audio as it arrived.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// `[frames, channels]`, full scale being ±1; at least one.
    pub(crate) samples: Vec<f32>,
    /// Number of interleaved channels.
    pub(crate) channels: usize,
    /// Their rate in Hz, the same for all chunks of a source.
    pub(crate) rate: u32,
    /// When the last of them arrived.
    pub(crate) arrived: Instant,
    /// Audio lost since the source was opened.
    pub(crate) lost: Lost,
}

impl Chunk {
    /// Number of samples of each channel.
    pub(crate) fn frames(&self) -> usize {
        self.samples.len() / self.channels.max(1)
    }

    /// The mean of the channels.
    pub(crate) fn mean(&self) -> Cow<'_, [f32]> {
        match self.channels {
            0 | 1 => Cow::Borrowed(&self.samples),
            channels => {
                let frames = self.samples.chunks_exact(channels);
                frames.map(|frame| frame.iter().sum::<f32>() / channels as f32).collect()
            }
        }
    }
}

/// Audio that arrived and could not be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Samples that the buffer had no space for.
    pub(crate) samples: u64,
    /// Overruns that the system reported; it does not report the number of samples.
    pub(crate) overruns: u64,
}

/// The sending end, for a source.
#[derive(Debug)]
pub(crate) struct AudioSender(SyncSender<Chunk>);

/// Why a source ends early.
#[derive(Debug)]
pub(crate) enum SourceError {
    /// The listener has ended.
    Disconnected,
    /// An error, as a message.
    Failed(String),
}

impl From<AudioError> for SourceError {
    fn from(error: AudioError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl AudioSender {
    /// Both ends of a channel.
    pub(crate) fn new() -> (Self, Receiver<Chunk>) {
        let (sender, receiver) = sync_channel(CAPACITY);
        (Self(sender), receiver)
    }

    /// Sends interleaved samples that have just arrived; blocks while the channel is full.
    ///
    /// # Errors
    /// [`SourceError::Disconnected`] once the listener has ended.
    pub(crate) fn push(
        &self,
        samples: &[f32],
        channels: usize,
        rate: u32,
        lost: Lost,
    ) -> Result<(), SourceError> {
        if samples.is_empty() {
            return Ok(());
        }
        let (samples, arrived) = (samples.to_vec(), Instant::now());
        let chunk = Chunk { samples, channels, rate, arrived, lost };
        self.0.send(chunk).map_err(|_| SourceError::Disconnected)
    }
}
