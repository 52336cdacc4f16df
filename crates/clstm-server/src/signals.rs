//! What the system tells a server.

use std::io;

use crate::ServerError;

/// What the system tells.
pub(crate) enum Told {
    End,
    /// Only where there is SIGHUP.
    #[cfg_attr(not(unix), expect(dead_code))]
    Reload,
}

/// SIGTERM and SIGINT end, SIGHUP reloads.
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

    pub(crate) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::End,
            _ = self.interrupt.recv() => Told::End,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }
}

/// Ctrl-C ends.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn catch() -> Result<Self, ServerError> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) -> Told {
        let caught: io::Result<()> = tokio::signal::ctrl_c().await;
        if caught.is_err() {
            // Nothing can be caught here; the system ends the process itself.
            std::future::pending::<()>().await;
        }
        Told::End
    }
}
