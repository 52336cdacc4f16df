//! Errors of model files and of recognition.

use std::io;
use std::path::PathBuf;

use clstm_audio::AudioError;
use clstm_nn::NetworkError;
use thiserror::Error;

/// Why a model could not be read, written or used.
///
/// [`kind`](Self::kind) gives a short stable word for machines. Errors about the content do not
/// repeat the path: the caller knows it, and a model in memory has none.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The operating system refused or failed to read or write the file.
    #[error("cannot {action} {}: {source}; check the path and the permissions", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// More bytes than [`ModelLimits::max_bytes`](crate::ModelLimits::max_bytes).
    #[error("the model has more than {limit} bytes; is this a model file? if so, raise the limit")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The bytes do not begin like a safetensors file.
    #[error("not a safetensors file ({reason}); name a model written by `clstm train`")]
    NotSafetensors {
        /// What is not as it must be.
        reason: String,
    },
    /// A header longer than [`ModelLimits::max_header`](crate::ModelLimits::max_header).
    #[error("the header claims {bytes} bytes, at most {limit} are accepted")]
    HeaderTooLarge {
        /// What the file claims.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file ends too early.
    #[error("the file is cut short: it has {found} bytes of {expected}; copy it again")]
    Truncated {
        /// Bytes that the header states.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// A safetensors file that contradicts itself.
    #[error("damaged model file: {reason}; copy it again")]
    Damaged {
        /// What contradicts what.
        reason: String,
    },
    /// More tensors than [`ModelLimits::max_tensors`](crate::ModelLimits::max_tensors).
    #[error("the file holds {count} tensors, at most {limit} are accepted")]
    TooManyTensors {
        /// Tensors in the file.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A safetensors file of something else.
    #[error("a safetensors file, but not a clstm model: its metadata has no {key:?}")]
    NotAModel {
        /// The missing key.
        key: &'static str,
    },
    /// A model file of a later release.
    #[error("model format {found:?} is unknown, this release reads {known:?}; update clstm")]
    UnknownFormat {
        /// The format in the file.
        found: String,
        /// What this release reads.
        known: &'static str,
    },
    /// The description of the model is no description.
    #[error("the model's description cannot be read: {reason}")]
    Description {
        /// The parser's message.
        reason: String,
    },
    /// A field of the description, or a tensor, that is wrong or contradicts another.
    #[error("invalid model: {field}: {reason}")]
    Invalid {
        /// The field by its name in [`ModelInfo`](crate::ModelInfo), or the tensor.
        field: String,
        /// What is wrong and what it must be.
        reason: String,
    },
    /// A tensor of a type that weights do not have.
    #[error("tensor {name:?} has type {dtype}; weights are F32, F16 or BF16")]
    DataType {
        /// Name of the tensor.
        name: String,
        /// Its type in the file.
        dtype: String,
    },
    /// A network of more weights than came with it.
    #[error(
        "the network needs at least {needed} weights, but {held} are there: they belong to another"
    )]
    TooFewWeights {
        /// What the sizes need.
        needed: u128,
        /// What there are.
        held: usize,
    },
    /// More intermediate values than
    /// [`ModelLimits::max_activations`](crate::ModelLimits::max_activations).
    #[error("a layer needs {needed} values for one window, at most {limit} are accepted")]
    TooCostly {
        /// What the sizes need.
        needed: u128,
        /// The limit.
        limit: u64,
    },
    /// A front-end setting outside its domain.
    #[error("invalid model: frontend: {0}")]
    Frontend(#[source] AudioError),
    /// A class map that does not suit the labels of the model.
    #[error("class map {map}: {reason}")]
    ClassMap {
        /// Name of the map.
        map: String,
        /// What is wrong.
        reason: String,
    },
    /// Sizes that make no network, or weights that are not the network's.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl ModelError {
    /// A short stable word for logs, JSON and exit codes; it never changes between releases.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::TooLarge { .. } | Self::HeaderTooLarge { .. } | Self::TooManyTensors { .. } => {
                "too_large"
            }
            Self::NotSafetensors { .. } | Self::NotAModel { .. } => "format",
            Self::Truncated { .. } => "truncated",
            Self::Damaged { .. } => "damaged",
            Self::UnknownFormat { .. } => "version",
            Self::Description { .. } | Self::Invalid { .. } | Self::Frontend(_) => "invalid",
            Self::DataType { .. } => "data_type",
            Self::TooCostly { .. } => "too_costly",
            Self::ClassMap { .. } => "class_map",
            Self::Network(_) | Self::TooFewWeights { .. } => "network",
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }
}

/// Why a recording could not be recognised.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecognizeError {
    /// The recording could not be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// A channel that the recording does not have.
    #[error(
        "there is no channel {channel}: the audio has {numbers}; choose one of them, or `mix` for the mean",
        numbers = numbers(.channels)
    )]
    NoChannel {
        /// The channel, from 0.
        channel: usize,
        /// Number of channels of the recording.
        channels: usize,
    },
    /// Parts of a recording that overlap beyond what people who speak at the same time need.
    #[error(
        "the segments are {most} times as long as the recording, because they overlap; leave copies out"
    )]
    Overlap {
        /// The limit.
        most: usize,
    },
    /// A part of a recording that is longer than what is kept in memory.
    #[error("a segment has more than {limit_s} s of the recording; split it")]
    SpanTooLong {
        /// The limit, in seconds.
        limit_s: f64,
    },
    /// More parts of channels than are recognised.
    #[error(
        "more than {most} segments of channels; select one channel, or split the file of segments"
    )]
    TooManySpans {
        /// The limit.
        most: usize,
    },
    /// The network's output is not finite: its weights are finite, but far from sensible ones.
    #[error("the model's output is not finite: its weights are damaged; use another model")]
    NonFiniteLogits,
}

/// The numbers of the channels, for a message.
fn numbers(channels: &usize) -> String {
    match *channels {
        0 | 1 => "channel 0".to_owned(),
        channels => format!("channels 0 to {}", channels - 1),
    }
}

impl RecognizeError {
    /// A short stable word for logs, JSON and exit codes; it never changes between releases.
    ///
    /// Those of [`AudioError::kind`], `channels`, `segments` and `model`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Audio(error) => error.kind(),
            Self::NoChannel { .. } => "channels",
            Self::Overlap { .. } | Self::SpanTooLong { .. } | Self::TooManySpans { .. } => {
                "segments"
            }
            Self::NonFiniteLogits => "model",
        }
    }
}
