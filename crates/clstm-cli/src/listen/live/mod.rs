//! The live view of a session: a thread that draws it and reads keys, independent of the audio.

mod history_bar;
mod palette;
mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use self::palette::Palette;
use self::view::Status;
use super::session::Shared;
use crate::interrupt;
use crate::terminal::{self, Key, RenderThread, Screen, is_set, next_key};

/// How long the view waits for a key before it checks for something to draw: 16 frames a second, for a smooth level
/// meter.
const WAIT: Duration = Duration::from_millis(60);
/// Time after which the view is drawn again without status: the window may have another size, or the audio may have
/// stopped.
const REDRAW: Duration = Duration::from_millis(500);
/// Time without audio after which the view shows that it waits.
const STALLED: Duration = Duration::from_secs(1);

/// Takes the terminal on standard output for the view of a session; `None` where it cannot be taken. `stop` is set when
/// the user asks for the end.
pub(crate) fn start(shared: &Arc<Shared>, stop: &'static AtomicBool) -> Option<RenderThread> {
    let seen = Arc::clone(shared);
    RenderThread::start(Screen::Stdout, move |ended| follow(&seen, ended, stop))
}

/// Draws and reads keys until the session ends or the terminal has gone.
fn follow(shared: &Shared, ended: &AtomicBool, stop: &AtomicBool) {
    let Ok(mut screen) = Screen::Stdout.open() else { return };
    let palette = Palette::new(&shared.lock().labels, !is_set("NO_COLOR"));
    let begun = Instant::now();
    let mut drawn: Option<Instant> = None;
    while !ended.load(Ordering::Relaxed) {
        let changed = shared.has_changed();
        if changed || drawn.is_none_or(|at| at.elapsed() >= REDRAW) {
            // A copy: a slow terminal must not block the listener.
            let session = shared.lock().clone();
            let status = Status {
                stopping: stop.load(Ordering::Relaxed),
                waiting: session.arrived.unwrap_or(begun).elapsed() > STALLED,
            };
            // After a panic in another thread the terminal no longer belongs to the view.
            if !terminal::is_taken()
                || screen.draw(|frame| view::draw(frame, &session, &palette, status)).is_err()
            {
                return;
            }
            drawn = Some(Instant::now());
        }
        match next_key(WAIT) {
            Some(Key::Quit) => stop.store(true, Ordering::Relaxed),
            Some(Key::Interrupt) => interrupt::interrupt(),
            // Removes what something else wrote over the view.
            Some(Key::Redraw) => {
                if screen.clear().is_err() {
                    return;
                }
            }
            None => continue,
        }
        drawn = None;
    }
}
