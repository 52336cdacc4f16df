//! Timeouts, retries and the way to the servers.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::Proxies;

/// Settings of a [`Client`](crate::Client).
#[derive(Clone, Debug)]
pub struct Settings {
    /// Time for a connection, TLS included. A handshake takes three round trips: 30 s is enough for a
    /// satellite link that loses packets.
    pub connect_timeout: Duration,
    /// Time without a single byte after which a request fails. Zenodo takes up to half a minute to
    /// fetch a file from its tapes.
    pub stall_timeout: Duration,
    /// When and how often to try again.
    pub retry: RetryPolicy,
    /// Redirects in a row that are followed. Archives need three at most (name, record, store).
    pub redirects: u32,
    /// Which servers are reached through a proxy.
    pub proxies: Proxies,
    /// A file of certificates (PEM) to trust instead of Mozilla's, for networks that inspect TLS.
    pub certificates: Option<PathBuf>,
}

/// When and how often a failed request is repeated.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// Attempts in a row without noteworthy progress before a download fails.
    pub attempts: u32,
    /// Wait before the second attempt; each further one waits twice as long.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// A server that requests a longer pause (`Retry-After`) is not waited for.
    pub longest_pause: Duration,
}

impl Default for Settings {
    /// For public archives; without proxies.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(60),
            retry: RetryPolicy::default(),
            redirects: 10,
            proxies: Proxies::default(),
            certificates: None,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(30),
            longest_pause: Duration::from_secs(300),
        }
    }
}

impl Settings {
    /// The default with the proxies of the environment, see [`Proxies::from_env`], and the certificates
    /// of `SSL_CERT_FILE`.
    #[must_use]
    pub fn from_env() -> Self {
        let certificates = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty());
        Self {
            proxies: Proxies::from_env(),
            certificates: certificates.map(PathBuf::from),
            ..Self::default()
        }
    }
}

impl RetryPolicy {
    /// The wait after this number of failures in a row.
    pub(crate) fn wait(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first_wait.saturating_mul(doubled).min(self.longest_wait)
    }

    /// The wait after this number of failures where the server requests a pause; none where it is too
    /// long.
    pub(crate) fn pause(&self, failures: u32, asked: Duration) -> Option<Duration> {
        (asked <= self.longest_pause).then(|| asked.max(self.wait(failures)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let policy = RetryPolicy::default();
        let waits: Vec<u64> = (1..=7).map(|n| policy.wait(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(policy.wait(u32::MAX).as_secs(), 30);
    }

    #[test]
    fn a_pause_is_at_least_the_wait_and_at_most_the_longest() {
        let policy = RetryPolicy::default();
        let pause = |failures, seconds| {
            policy.pause(failures, Duration::from_secs(seconds)).map(|pause| pause.as_secs())
        };
        assert_eq!((pause(1, 7), pause(5, 7), pause(1, 300)), (Some(7), Some(16), Some(300)));
        assert_eq!(pause(1, 301), None);
    }
}
