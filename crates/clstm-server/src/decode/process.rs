//! One worker process, seen from the server.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::net::UnixStream;

use super::DecodeWorkers;

/// A running worker. Dropping it kills the process.
pub(super) struct Worker {
    child: Option<Child>,
    pub(super) socket: UnixStream,
}

impl Worker {
    pub(super) fn spawn(workers: &DecodeWorkers) -> io::Result<Self> {
        let (near, far) = StdUnixStream::pair()?;
        near.set_nonblocking(true)?;
        let child = Command::new(&workers.program)
            .args(&workers.args)
            // Nothing of the server's environment, such as secrets. Large blocks go back to the system when a
            // recording is done, so that each request starts from the same size.
            .env_clear()
            .env("MALLOC_MMAP_THRESHOLD_", "1048576")
            .stdin(OwnedFd::from(far.try_clone()?))
            .stdout(OwnedFd::from(far))
            .stderr(Stdio::null())
            // Ctrl-C in a terminal goes to the process group: workers must finish what the server finishes.
            .process_group(0)
            .spawn()?;
        Ok(Self { child: Some(child), socket: UnixStream::from_std(near)? })
    }

    pub(super) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Kills the process, unless it has died, and returns how it ended.
    pub(super) async fn end(mut self) -> io::Result<ExitStatus> {
        let Some(mut child) = self.child.take() else { return Err(io::ErrorKind::NotFound.into()) };
        // The socket may close a little before the process ends by itself: the exit status gives the reason.
        for _ in 0..100 {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill()?;
        tokio::task::spawn_blocking(move || child.wait()).await.map_err(io::Error::other)?
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // An error means that it has ended.
        let _ = child.kill();
        // Reaping takes as long as the kernel takes to free the memory.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || child.wait())),
            Err(_) => drop(child.wait()),
        }
    }
}
