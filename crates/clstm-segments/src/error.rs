//! Errors of segment files.

use thiserror::Error;

/// Why a file of segments cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SegmentsError {
    /// A line that is not valid.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what is expected.
        reason: String,
    },
    /// The file as a whole is not of its format.
    #[error("{reason}")]
    Structure {
        /// What is missing or wrong.
        reason: String,
    },
    /// The bytes are no text.
    #[error("the file is not text: {reason}")]
    Encoding {
        /// What was found.
        reason: String,
    },
    /// Neither the name nor the content is of a known format.
    #[error("unknown format of segments; known are {known}")]
    UnknownFormat {
        /// The known formats.
        known: &'static str,
    },
    /// No tier of this name.
    #[error("there is no tier {wanted:?} with times; there are: {known}")]
    NoTier {
        /// The name that was given.
        wanted: String,
        /// The tiers of the file.
        known: String,
    },
    /// The file has several tiers and none was named.
    #[error("the file has several tiers; name one or more with --tier: {known}")]
    SeveralTiers {
        /// The tiers of the file.
        known: String,
    },
    /// A tier was named for a format without tiers.
    #[error("{format} has no tiers; leave --tier out")]
    NoTiers {
        /// The format.
        format: &'static str,
    },
    /// More segments than are accepted.
    #[error("more than {most} segments")]
    TooMany {
        /// The limit.
        most: usize,
    },
}

impl SegmentsError {
    /// A short stable word for logs and JSON; it never changes between releases.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TooMany { .. } => "too_large",
            Self::NoTier { .. } | Self::SeveralTiers { .. } | Self::NoTiers { .. } => "tier",
            _ => "segments",
        }
    }

    pub(crate) fn line(line: usize, reason: impl Into<String>) -> Self {
        Self::Line { line, reason: reason.into() }
    }

    pub(crate) fn structure(reason: impl Into<String>) -> Self {
        Self::Structure { reason: reason.into() }
    }
}
