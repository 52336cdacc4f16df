//! The live view: curves, recall of each class, the folds, time left.
//!
//! The training thread puts its news into a `State`; a thread of the view draws it a few times a second and
//! hears keys, so that a step of many seconds neither delays a resize nor a key.

mod state;
mod view;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clstm_train::{Event, Observer, Stop};
use ratatui::Terminal;

use self::state::State;
use super::watchers::About;
use crate::notes::note;
use crate::terminal::{Ansi, Drawing, Keyboard, Screen};

/// How long the view waits for a key before it looks whether there is something to draw.
const WAIT: Duration = Duration::from_millis(100);
/// The longest time that a picture stands: its times go on, and the window may have another size.
const REDRAW: Duration = Duration::from_millis(500);

/// The view while it has the terminal.
pub(super) struct Live {
    shared: Arc<Shared>,
    drawing: Drawing,
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
    /// Takes the terminal; none where it cannot be had.
    pub(super) fn start(about: &About<'_>, stop: &'static Stop) -> Option<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(about)),
            changed: AtomicBool::new(true),
        });
        let seen = Arc::clone(&shared);
        let drawing = Drawing::start(Screen::Stderr, move |ended| follow(&seen, ended, stop))?;
        Some(Self { shared, drawing })
    }

    /// Whether the view still draws.
    pub(super) fn is_drawing(&self) -> bool {
        self.drawing.goes_on()
    }

    /// Gives the terminal back and leaves in it what lines would have said of the folds.
    pub(super) fn finish(&mut self) {
        if !self.drawing.finish() {
            return;
        }
        for line in self.shared.state().told() {
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
        self.shared.state().hear(event);
        self.shared.changed.store(true, Ordering::Relaxed);
    }
}

/// Draws and hears keys until the run ends. Where the terminal has gone, the training goes on without.
fn follow(shared: &Shared, ended: &AtomicBool, stop: &Stop) {
    let Ok(mut screen) = Terminal::new(Ansi::on(Screen::Stderr)) else { return };
    let keyboard = Keyboard::stdin();
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
        if let Some(b'q' | b'Q') = keyboard.key(WAIT) {
            stop.store(true, Ordering::Relaxed);
            shared.changed.store(true, Ordering::Relaxed);
        }
    }
}
