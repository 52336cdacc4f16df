//! The thread that has the terminal while a live view draws on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::{Screen, enter, is_ours, leave};

/// A thread that draws and hears keys until it is told to end, or the terminal has gone.
pub(crate) struct Drawing {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drawing {
    /// Takes the terminal for `draw`, which returns soon after its flag is set; none where the terminal cannot
    /// be had.
    pub(crate) fn start(
        screen: Screen,
        draw: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> Option<Self> {
        if !is_ours(screen) {
            return None;
        }
        enter(screen).ok()?;
        let ended = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&ended);
        let thread = std::thread::Builder::new().name("live view".to_owned());
        let Ok(thread) = thread.spawn(move || draw(&over)) else {
            leave();
            return None;
        };
        Some(Self { ended, thread: Some(thread) })
    }

    /// Whether it still draws: not once the terminal has gone.
    pub(crate) fn goes_on(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Gives the terminal back; whether that was still to be done.
    pub(crate) fn finish(&mut self) -> bool {
        let Some(thread) = self.thread.take() else { return false };
        self.ended.store(true, Ordering::Relaxed);
        // One that panicked has told so; what it showed goes on without it.
        let _ = thread.join();
        leave();
        true
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.finish();
    }
}
