//! tokio's clock, stopped and advanced by hand: timeouts of the server are tested without waiting, with their default values.

use std::sync::mpsc;
use std::time::Duration;

/// Keeps the clock of this test's runtime stopped.
pub(crate) struct StoppedClock {
    _release: mpsc::Sender<()>,
}

impl StoppedClock {
    pub(crate) fn new() -> Self {
        let (_release, released) = mpsc::channel::<()>();
        // A stopped clock advances by itself when all tasks wait, also for sockets; but not while blocking work runs.
        drop(tokio::task::spawn_blocking(move || released.recv()));
        tokio::time::pause();
        Self { _release }
    }

    pub(crate) async fn advance(&self, seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    /// Advances second by second. In between the server processes what has arrived: no timeout of a test may wait for it,
    /// because none would end on a stopped clock.
    pub(crate) async fn step(&self, seconds: u64) {
        for _ in 0..seconds {
            for _ in 0..100 {
                // Polls the sockets when all other tasks wait.
                tokio::task::yield_now().await;
            }
            self.advance(1).await;
        }
    }
}
