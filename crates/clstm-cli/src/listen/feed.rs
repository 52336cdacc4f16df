//! The bounded channel from a source to whoever listens.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use clstm::audio::AudioError;

/// Chunks that may wait. Sources give some ten a second: this is several seconds of sound, more than an answer
/// ever takes.
const ROOM: usize = 128;

/// Sound as it came in.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Mono, full scale being ±1; at least one.
    pub(crate) samples: Vec<f32>,
    /// Their rate in Hz, the same for all chunks of a source.
    pub(crate) rate: u32,
    /// When the last of them came in.
    pub(crate) came: Instant,
    /// What was lost since the source was opened.
    pub(crate) lost: Lost,
}

/// Sound that came in and could not be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Samples for which there was no room.
    pub(crate) samples: u64,
    /// Times that the system had no room, for how many samples it does not say.
    pub(crate) overruns: u64,
}

/// Where a source puts its sound.
#[derive(Debug)]
pub(crate) struct Feed(SyncSender<Chunk>);

/// Why a source ends before its sound does.
#[derive(Debug)]
pub(crate) enum SourceError {
    /// Nobody listens any more.
    Gone,
    /// What went wrong.
    Failed(String),
}

impl From<AudioError> for SourceError {
    fn from(error: AudioError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Feed {
    /// A feed and its other end.
    pub(crate) fn new() -> (Self, Receiver<Chunk>) {
        let (sender, receiver) = sync_channel(ROOM);
        (Self(sender), receiver)
    }

    /// Hands over sound that has just come in, and waits while there is no room.
    ///
    /// # Errors
    /// [`SourceError::Gone`] once nobody listens.
    pub(crate) fn push(&self, samples: &[f32], rate: u32, lost: Lost) -> Result<(), SourceError> {
        if samples.is_empty() {
            return Ok(());
        }
        let chunk = Chunk { samples: samples.to_vec(), rate, came: Instant::now(), lost };
        self.0.send(chunk).map_err(|_| SourceError::Gone)
    }
}
