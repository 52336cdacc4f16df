//! The live view: curves, recall of each class, the folds, time left.
//!
//! The training thread updates a `State`. A thread of the view draws it a few times a second and reads keys, so that a
//! step of many seconds delays neither a resize nor a key.

mod state;
mod view;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::state::State;
use super::observers::RunDescription;
use crate::interrupt;
use crate::messages::note;
use crate::terminal::{Key, RenderThread, Screen, next_key};
use clstm_train::{Event, Observer, StopFlag};

/// How long the view waits for a key before it checks for something to draw.
const WAIT: Duration = Duration::from_millis(100);
/// Time after which the view is drawn again without news: its clocks run, and the window may have another size.
const REDRAW: Duration = Duration::from_millis(500);

/// The view while it has the terminal.
pub(super) struct Live {
    shared: Arc<Shared>,
    drawing: RenderThread,
}

struct Shared {
    state: Mutex<State>,
    changed: AtomicBool,
}

impl Shared {
    /// A panic elsewhere does not make the state unreadable.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// Takes the terminal; `None` where it cannot be taken.
    pub(super) fn start(about: &RunDescription<'_>, stop: &'static StopFlag) -> Option<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(about)),
            changed: AtomicBool::new(true),
        });
        let seen = Arc::clone(&shared);
        let drawing = RenderThread::start(Screen::Stderr, move |ended| follow(&seen, ended, stop))?;
        Some(Self { shared, drawing })
    }

    /// Whether the view still draws.
    pub(super) fn is_drawing(&self) -> bool {
        self.drawing.is_drawing()
    }

    /// Restores the terminal and prints the lines of the completed folds.
    pub(super) fn finish(&mut self) {
        if !self.drawing.finish() {
            return;
        }
        for line in self.shared.state().lines() {
            note(line);
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Observer for Live {
    fn on_event(&mut self, event: &Event) {
        self.shared.state().update(event);
        self.shared.changed.store(true, Ordering::Relaxed);
    }
}

/// Draws and reads keys until the run ends. If the terminal has gone, the training continues without the view.
fn follow(shared: &Shared, ended: &AtomicBool, stop: &StopFlag) {
    let Ok(mut screen) = Screen::Stderr.open() else { return };
    let mut drawn: Option<Instant> = None;
    while !ended.load(Ordering::Relaxed) {
        let changed = shared.changed.swap(false, Ordering::Relaxed);
        if changed || drawn.is_none_or(|at| at.elapsed() >= REDRAW) {
            let stopping = stop.load(Ordering::Relaxed);
            let state = shared.state();
            if screen.draw(|frame| view::draw(frame, &state, stopping)).is_err() {
                return;
            }
            drop(state);
            drawn = Some(Instant::now());
        }
        match next_key(WAIT) {
            Some(Key::Quit) => stop.store(true, Ordering::Relaxed),
            Some(Key::Interrupt) => interrupt::interrupt(),
            Some(Key::Redraw) => {
                if screen.clear().is_err() {
                    return;
                }
            }
            None => continue,
        }
        shared.changed.store(true, Ordering::Relaxed);
    }
}
