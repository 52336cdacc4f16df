//! Failures that may pass and failures that stay.

use std::io;
use std::time::Duration;

use crate::DownloadError;
use crate::http::head::Head;
use crate::http::url::Url;

/// A failure, and whether to try again.
#[derive(Debug)]
pub(crate) struct HttpError {
    /// Boxed, for it goes through many hands.
    pub(crate) error: Box<DownloadError>,
    pub(crate) retry: Retryable,
}

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retryable {
    No,
    Yes,
    /// The server says when.
    After(Duration),
}

impl From<DownloadError> for HttpError {
    fn from(error: DownloadError) -> Self {
        Self { error: Box::new(error), retry: Retryable::No }
    }
}

impl HttpError {
    /// A connection failed.
    pub(crate) fn network(url: &Url, error: io::Error, stall: Duration) -> Self {
        Self::reading(&url.to_string(), error, stall)
    }

    /// Reading an answer failed.
    pub(crate) fn reading(url: &str, error: io::Error, stall: Duration) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, PermissionDenied, TimedOut, WouldBlock};
        // A wrong certificate, an answer that is no HTTP, a proxy that refuses: they stay.
        let retry = match error.kind() {
            InvalidData | InvalidInput | PermissionDenied => Retryable::No,
            _ => Retryable::Yes,
        };
        let problem = match error.kind() {
            TimedOut | WouldBlock => {
                format!("nothing was heard from it for {} s", stall.as_secs_f32())
            }
            _ => error.to_string(),
        };
        let error = DownloadError::Network { url: url.to_owned(), problem };
        Self { error: Box::new(error), retry }
    }

    /// The server answered with a status that is no success.
    pub(crate) fn status(url: &str, head: &Head) -> Self {
        // Those that RFC 9110 calls temporary, and 429 (RFC 6585).
        let retry = match head.status {
            408 | 429 | 500 | 502 | 503 | 504 => match head.header("retry-after") {
                // The other form, a date, needs a clock that agrees: the usual wait serves for it.
                Some(value) => value.parse().map_or(Retryable::Yes, |seconds| {
                    Retryable::After(Duration::from_secs(seconds))
                }),
                None => Retryable::Yes,
            },
            _ => Retryable::No,
        };
        let (status, reason) = (head.status, head.reason.clone());
        let error = DownloadError::Status { url: url.to_owned(), status, reason };
        Self { error: Box::new(error), retry }
    }
}
