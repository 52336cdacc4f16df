//! Work without the GIL, on threads of this process, that Ctrl-C ends.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::errors::Failure;

/// Time between two checks for Ctrl-C.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// The threads, and the process that made them.
static THREADS: Mutex<Option<(u32, &'static ThreadPool)>> = Mutex::new(None);

/// Whether Ctrl-C has been pressed during the work.
#[derive(Default)]
pub(crate) struct Interrupt(AtomicBool);

impl Interrupt {
    /// Ends the work after Ctrl-C.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(Failure::Interrupted),
            false => Ok(()),
        }
    }
}

/// Executes `work` on the threads, with the GIL released.
pub(crate) fn compute<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Interrupt) -> Result<T, Failure> + Send,
) -> PyResult<T> {
    py.detach(|| compute_detached(work)).map_err(|failure| failure.exception(py))
}

/// Executes `work` on the threads; the caller has released the GIL. Python's handlers of signals are called meanwhile, in the
/// main thread: that of Ctrl-C ends the work at its next check.
pub(crate) fn compute_detached<T: Send>(
    work: impl FnOnce(&Interrupt) -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    let (interrupt, end) = (Interrupt::default(), End::default());
    let (mut result, mut signal) = (Err(Failure::Interrupted), Ok(()));
    threads()?.in_place_scope(|scope| {
        scope.spawn(|_| {
            let _reached = ReachOnDrop(&end);
            result = work(&interrupt);
        });
        while signal.is_ok() && !end.wait(CHECK_EVERY) {
            signal = Python::try_attach(|py| py.check_signals()).unwrap_or(Ok(()));
        }
        interrupt.0.store(signal.is_err(), Ordering::Relaxed);
    });
    signal.map_err(Failure::Signal)?;
    result
}

/// As many threads as the variable `RAYON_NUM_THREADS`, or as there are cores.
///
/// Not rayon's global ones: those would not exist in a process that a fork has made (`multiprocessing`, PyTorch's `DataLoader`),
/// which would hang.
fn threads() -> Result<&'static ThreadPool, Failure> {
    let process = process::id();
    let mut made = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, threads)) = *made
        && owner == process
    {
        return Ok(threads);
    }
    let started = ThreadPoolBuilder::new()
        .build()
        .map_err(|error| Failure::Threads(format!("cannot start threads: {error}")))?;
    let threads: &'static ThreadPool = Box::leak(Box::new(started));
    *made = Some((process, threads));
    Ok(threads)
}

/// The end of the work.
#[derive(Default)]
struct End {
    reached: Mutex<bool>,
    changed: Condvar,
}

impl End {
    /// Whether the work has ended, after `most` at the latest.
    fn wait(&self, most: Duration) -> bool {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(reached, most, |reached| !*reached);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Marks the end also where the work panics.
struct ReachOnDrop<'a>(&'a End);

impl Drop for ReachOnDrop<'_> {
    fn drop(&mut self) {
        *self.0.reached.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }
}
