//! How patient a client is.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::Proxies;

/// What a [`Client`](crate::Client) waits for, how often it tries, and by which way it goes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Time for a TCP connection. A handshake takes three round trips: 30 s is what a satellite
    /// link that loses packets still meets.
    pub connect_timeout: Duration,
    /// Time without a single byte after which a server is given up. Zenodo takes up to half a
    /// minute to fetch a file from its tapes.
    pub stall_timeout: Duration,
    /// Tries in a row that bring no progress to speak of, before a download fails.
    pub attempts: u32,
    /// Wait before the second try; each further one waits twice as long.
    pub first_wait: Duration,
    /// But never longer than this.
    pub longest_wait: Duration,
    /// A server that asks for a longer pause (`Retry-After`) is not waited for.
    pub longest_pause: Duration,
    /// Redirects in a row that are followed. Archives need three at most (name, record, store).
    pub redirects: u32,
    /// Which servers are reached by a proxy.
    pub proxies: Proxies,
    /// A file of certificates (PEM) to trust besides Mozilla's, as networks need that look into
    /// their people's TLS.
    pub certificates: Option<PathBuf>,
}

impl Default for Settings {
    /// For the archives of the world; without proxies.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(60),
            attempts: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(30),
            longest_pause: Duration::from_secs(300),
            redirects: 10,
            proxies: Proxies::default(),
            certificates: None,
        }
    }
}

impl Settings {
    /// The default with what the environment says: the proxies, see [`Proxies::from_env`], and the
    /// certificates of `SSL_CERT_FILE`.
    #[must_use]
    pub fn from_env() -> Self {
        let certificates = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty());
        Self {
            proxies: Proxies::from_env(),
            certificates: certificates.map(PathBuf::from),
            ..Self::default()
        }
    }

    /// The wait after so many failures in a row.
    pub(crate) fn wait(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first_wait.saturating_mul(doubled).min(self.longest_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let settings = Settings::default();
        let waits: Vec<u64> = (1..=7).map(|n| settings.wait(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(settings.wait(u32::MAX).as_secs(), 30);
    }
}
