//! Repeats requests that fail for a reason that may pass.

use std::time::Duration;

use crate::DownloadError;
use crate::http::{Client, HttpError, Retryable};
use crate::progress::{Event, Monitor};

impl Client {
    /// Calls `attempt` until it succeeds, fails for good or has failed too often. The closure may reset
    /// the number of failures so far, where its attempt made progress.
    pub(crate) fn with_retries<T>(
        &self,
        name: &str,
        monitor: &Monitor<'_>,
        mut attempt: impl FnMut(&mut u32) -> Result<T, HttpError>,
    ) -> Result<T, DownloadError> {
        let policy = &self.settings().retry;
        let mut failures = 0;
        loop {
            monitor.check_cancelled()?;
            let HttpError { error, retry } = match attempt(&mut failures) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            failures += 1;
            let wait = match retry {
                Retryable::No => return Err(*error),
                Retryable::Yes => policy.wait(failures),
                Retryable::After(asked) => match policy.pause(failures, asked) {
                    Some(pause) => pause,
                    None => return Err(too_long(*error, asked)),
                },
            };
            if failures >= policy.attempts {
                return Err(DownloadError::RetriesExhausted { attempts: failures, error });
            }
            monitor.emit(&Event::Retrying { name, problem: &error, wait });
            monitor.wait(wait)?;
        }
    }
}

/// The server requests a longer pause than the policy allows.
fn too_long(error: DownloadError, asked: Duration) -> DownloadError {
    match error {
        DownloadError::Status { url, status, .. } => {
            DownloadError::RetryAfter { url, status, seconds: asked.as_secs() }
        }
        error => error,
    }
}
