//! Trying again, but not for ever.

use crate::DownloadError;
use crate::http::{Client, HttpError, Retryable};
use crate::progress::{Event, Monitor};

impl Client {
    /// Does something until it succeeds, fails for good or has failed too often. The closure may
    /// set the count of failures so far back to nothing, where its try was not in vain.
    pub(crate) fn with_retries<T>(
        &self,
        name: &str,
        monitor: &Monitor<'_>,
        mut attempt: impl FnMut(&mut u32) -> Result<T, HttpError>,
    ) -> Result<T, DownloadError> {
        let settings = self.settings();
        let mut failures = 0;
        loop {
            monitor.check_cancelled()?;
            let HttpError { error, retry } = match attempt(&mut failures) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            failures += 1;
            let wait = match (retry, *error) {
                (Retryable::No, error) => return Err(error),
                (Retryable::After(pause), DownloadError::Status { url, status, .. })
                    if pause > settings.longest_pause =>
                {
                    let seconds = pause.as_secs();
                    return Err(DownloadError::RetryAfter { url, status, seconds });
                }
                (_, error) if failures >= settings.attempts => {
                    let error = Box::new(error);
                    return Err(DownloadError::RetriesExhausted { attempts: failures, error });
                }
                (retry, error) => {
                    let wait = match retry {
                        Retryable::After(pause) => pause.max(settings.wait(failures)),
                        _ => settings.wait(failures),
                    };
                    monitor.emit(&Event::Retrying { name, problem: &error, wait });
                    wait
                }
            };
            monitor.wait(wait)?;
        }
    }
}
