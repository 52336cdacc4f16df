//! Progress and cancellation of a download.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::{Checksum, DownloadError};

/// Something that happened in a download.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A list of files is requested from a server.
    RequestingList {
        /// Its address.
        url: &'a str,
    },
    /// The corpus comes in single files.
    Files {
        /// Files in all.
        files: usize,
        /// Their bytes.
        bytes: u64,
        /// Files that lie there already, checked.
        present: usize,
        /// The bytes of those.
        present_bytes: u64,
    },
    /// The list has another number of files than were published. Only a mirror may do that.
    OtherCount {
        /// Files listed.
        listed: usize,
        /// Files published.
        published: usize,
    },
    /// The bytes of a file begin to come.
    Receiving {
        /// The file.
        name: &'a str,
        /// Bytes received earlier, after which it resumes.
        from: u64,
        /// Bytes of the whole file, where known.
        total: Option<u64>,
    },
    /// Further bytes were received.
    BytesReceived {
        /// The bytes.
        bytes: u64,
    },
    /// What was received of a file cannot be used: the download starts again.
    Restarted {
        /// The file.
        name: &'a str,
        /// Bytes lost.
        lost: u64,
        /// Why.
        reason: &'a str,
    },
    /// A try failed and another will follow.
    Retrying {
        /// The file.
        name: &'a str,
        /// What went wrong.
        problem: &'a DownloadError,
        /// Until then.
        wait: Duration,
    },
    /// A server failed for good, the next one is tried.
    TryingNextUrl {
        /// The file.
        name: &'a str,
        /// What went wrong.
        problem: &'a DownloadError,
    },
    /// A file of several is there and checked.
    FileDone,
    /// An archive has the checksum that was published.
    Verified {
        /// The archive.
        name: &'a str,
        /// The checksum.
        checksum: Checksum,
    },
    /// No checksum was published: that of this download is recorded and required from now on.
    ChecksumRecorded {
        /// The archive.
        name: &'a str,
        /// Its SHA-256.
        sha256: &'a str,
    },
    /// An archive is what it was at its first download.
    ChecksumUnchanged {
        /// The archive.
        name: &'a str,
    },
    /// An archive is unpacked.
    Unpacking {
        /// The archive.
        name: &'a str,
        /// Files in it.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
}

/// Receives events, from several threads.
pub trait Progress: Sync {
    /// Something happened. Must return soon: the download waits.
    fn on_event(&self, event: &Event<'_>);
}

/// Ignores all events.
#[derive(Clone, Copy, Debug)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn on_event(&self, _: &Event<'_>) {}
}

/// Receiver of the events of a download, and its cancellation flag.
#[derive(Clone, Copy)]
pub struct Monitor<'a> {
    progress: &'a dyn Progress,
    stop: &'a AtomicBool,
    /// Set where a worker beside this one has failed.
    failed: Option<&'a AtomicBool>,
}

impl std::fmt::Debug for Monitor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor").field("stop", &self.stop).finish_non_exhaustive()
    }
}

impl<'a> Monitor<'a> {
    /// `stop` ends the download as soon as it is set, with [`DownloadError::Cancelled`].
    #[must_use]
    pub fn new(progress: &'a dyn Progress, stop: &'a AtomicBool) -> Self {
        Self { progress, stop, failed: None }
    }

    /// The same for a worker who stops where another fails.
    pub(crate) fn with_failed(&self, failed: &'a AtomicBool) -> Self {
        Self { failed: Some(failed), ..*self }
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        self.progress.on_event(event);
    }

    /// Fails where the download was cancelled.
    pub(crate) fn check_cancelled(&self) -> Result<(), DownloadError> {
        let flags = [Some(self.stop), self.failed];
        match flags.into_iter().flatten().any(|flag| flag.load(Ordering::Relaxed)) {
            true => Err(DownloadError::Cancelled),
            false => Ok(()),
        }
    }

    /// Waits, unless the download is cancelled.
    pub(crate) fn wait(&self, time: Duration) -> Result<(), DownloadError> {
        // A cancellation takes effect within a tenth of a second.
        const STEP: Duration = Duration::from_millis(100);
        let until = Instant::now() + time;
        loop {
            self.check_cancelled()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(STEP));
        }
    }
}
