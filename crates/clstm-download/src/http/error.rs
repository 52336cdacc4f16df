//! Failures of a request, and whether to repeat it.

use std::io;
use std::time::Duration;

use crate::DownloadError;
use crate::http::Response;

/// A failure, and whether to try again.
#[derive(Debug)]
pub(crate) struct HttpError {
    /// Boxed, because it is returned through many calls.
    pub(crate) error: Box<DownloadError>,
    pub(crate) retry: Retryable,
}

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retryable {
    No,
    Yes,
    /// After the time that the server requests.
    After(Duration),
}

impl From<DownloadError> for HttpError {
    fn from(error: DownloadError) -> Self {
        Self { error: Box::new(error), retry: Retryable::No }
    }
}

impl HttpError {
    /// A request failed, or the response is malformed.
    pub(crate) fn network(url: &str, error: ureq::Error, stall: Duration) -> Self {
        let redirect = |problem: String| DownloadError::Redirect { url: url.to_owned(), problem };
        let (problem, retry) = match error {
            ureq::Error::Io(error) => return Self::reading(url, error, stall),
            ureq::Error::Timeout(_) => (no_data(stall), Retryable::Yes),
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
                (error.to_string(), Retryable::Yes)
            }
            ureq::Error::TooManyRedirects => {
                return redirect("there are too many in a row".to_owned()).into();
            }
            ureq::Error::RedirectFailed | ureq::Error::BadUri(_) => {
                return redirect(error.to_string()).into();
            }
            ureq::Error::RequireHttpsOnly(to) => {
                return redirect(format!("one leads from https to {to}")).into();
            }
            // A wrong certificate, a malformed response, a proxy that refuses: they are permanent.
            error => (error.to_string(), Retryable::No),
        };
        let error = DownloadError::Network { url: url.to_owned(), problem };
        Self { error: Box::new(error), retry }
    }

    /// Reading from a connection failed.
    pub(crate) fn reading(url: &str, error: io::Error, stall: Duration) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, PermissionDenied, TimedOut, WouldBlock};
        // Errors of `ureq` pass through `Read` as the inner error of an `io::Error`.
        let error = match error.downcast::<ureq::Error>() {
            Ok(error) => return Self::network(url, error, stall),
            Err(error) => error,
        };
        let retry = match error.kind() {
            InvalidData | InvalidInput | PermissionDenied => Retryable::No,
            _ => Retryable::Yes,
        };
        let problem = match error.kind() {
            TimedOut | WouldBlock => no_data(stall),
            _ => error.to_string(),
        };
        let error = DownloadError::Network { url: url.to_owned(), problem };
        Self { error: Box::new(error), retry }
    }

    /// The server responded with a status that is no success.
    pub(crate) fn status(url: &str, response: &Response) -> Self {
        let status = response.status();
        // Those that RFC 9110 calls temporary, and 429 (RFC 6585).
        let retry = match status {
            408 | 429 | 500 | 502 | 503 | 504 => match response.header("retry-after") {
                // The other form, a date, needs a clock that agrees: the usual wait serves for it.
                Some(value) => value.parse().map_or(Retryable::Yes, |seconds| {
                    Retryable::After(Duration::from_secs(seconds))
                }),
                None => Retryable::Yes,
            },
            _ => Retryable::No,
        };
        let reason = response.reason().to_owned();
        let error = DownloadError::Status { url: url.to_owned(), status, reason };
        Self { error: Box::new(error), retry }
    }
}

fn no_data(stall: Duration) -> String {
    format!("no data for {} s", stall.as_secs_f32())
}
