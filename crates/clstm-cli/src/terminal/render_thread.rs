//! The thread that has the terminal while a live view draws on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::Screen;
use super::raw_mode::{enter, is_in_foreground, leave};

/// A thread that draws and reads keys until it is asked to end, or the terminal has gone.
pub(crate) struct RenderThread {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RenderThread {
    /// Takes the terminal for `draw`, which returns soon after its flag is set; `None` where the terminal cannot be
    /// taken.
    pub(crate) fn start(
        screen: Screen,
        draw: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> Option<Self> {
        if !is_in_foreground() {
            return None;
        }
        enter(screen).ok()?;
        let ended = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ended);
        let thread = std::thread::Builder::new().name("live view".to_owned());
        let Ok(thread) = thread.spawn(move || draw(&flag)) else {
            leave();
            return None;
        };
        Some(Self { ended, thread: Some(thread) })
    }

    /// Whether it still draws: not once the terminal has gone.
    pub(crate) fn is_drawing(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the thread and restores the terminal; whether that was still to be done.
    pub(crate) fn finish(&mut self) -> bool {
        let Some(thread) = self.thread.take() else { return false };
        self.ended.store(true, Ordering::Relaxed);
        // A panic of the thread has been reported; the command continues without its view.
        let _ = thread.join();
        leave();
        true
    }
}

impl Drop for RenderThread {
    fn drop(&mut self) {
        self.finish();
    }
}
