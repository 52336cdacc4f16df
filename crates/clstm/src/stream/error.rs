//! Errors of streams.

use clstm_audio::AudioError;
use thiserror::Error;

use crate::RecognizeError;

/// Why a stream failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A setting outside its range.
    #[error("stream setting {field}: {reason}")]
    Config {
        /// The setting.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The audio or the model's output.
    #[error(transparent)]
    Recognize(#[from] RecognizeError),
}

impl StreamError {
    /// A short stable word for logs, JSON and exit codes; it never changes between releases.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Config { .. } => "config",
            Self::Recognize(error) => error.kind(),
        }
    }
}

impl From<AudioError> for StreamError {
    fn from(error: AudioError) -> Self {
        Self::Recognize(error.into())
    }
}
