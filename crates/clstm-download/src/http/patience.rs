//! Trying again, but not for ever.

use crate::DownloadError;
use crate::http::{Client, Retry, Trouble};
use crate::watch::{Event, Watch};

impl Client {
    /// Does something until it succeeds, fails for good or has failed too often. The closure may
    /// set the count of failures so far back to nothing, where its try was not in vain.
    pub(crate) fn with_patience<T>(
        &self,
        name: &str,
        watch: &Watch<'_>,
        mut attempt: impl FnMut(&mut u32) -> Result<T, Trouble>,
    ) -> Result<T, DownloadError> {
        let settings = self.settings();
        let mut failures = 0;
        loop {
            watch.go_on()?;
            let Trouble { error, retry } = match attempt(&mut failures) {
                Ok(value) => return Ok(value),
                Err(trouble) => trouble,
            };
            failures += 1;
            let wait = match (retry, *error) {
                (Retry::No, error) => return Err(error),
                (Retry::After(pause), DownloadError::Status { url, status, .. })
                    if pause > settings.longest_pause =>
                {
                    let seconds = pause.as_secs();
                    return Err(DownloadError::ComeAgain { url, status, seconds });
                }
                (_, error) if failures >= settings.attempts => {
                    let error = Box::new(error);
                    return Err(DownloadError::GivenUp { attempts: failures, error });
                }
                (retry, error) => {
                    let wait = match retry {
                        Retry::After(pause) => pause.max(settings.wait(failures)),
                        _ => settings.wait(failures),
                    };
                    watch.tell(&Event::Retrying { name, problem: &error, wait });
                    wait
                }
            };
            watch.wait(wait)?;
        }
    }
}
