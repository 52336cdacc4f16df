//! Signals of the operating system.

use std::io;

use crate::ServerError;

/// What a signal requests.
pub(crate) enum Signal {
    ShutDown,
    /// SIGHUP, on Unix only.
    #[cfg_attr(not(unix), expect(dead_code))]
    Reload,
}

/// SIGTERM and SIGINT shut the server down, SIGHUP reloads models and certificate.
#[cfg(unix)]
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn catch() -> Result<Self, ServerError> {
        use tokio::signal::unix::{SignalKind, signal};
        let all = || -> io::Result<Self> {
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hang_up: signal(SignalKind::hangup())?,
            })
        };
        all().map_err(ServerError::system("catch signals"))
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::ShutDown,
            _ = self.interrupt.recv() => Signal::ShutDown,
            _ = self.hang_up.recv() => Signal::Reload,
        }
    }
}

/// Ctrl-C shuts the server down.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn catch() -> Result<Self, ServerError> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) -> Signal {
        let caught: io::Result<()> = tokio::signal::ctrl_c().await;
        if caught.is_err() {
            // No handler can be installed; the system ends the process itself.
            std::future::pending::<()>().await;
        }
        Signal::ShutDown
    }
}
