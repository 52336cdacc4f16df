//! The live view of a session: a thread that draws it and hears keys, whatever the sound does.

mod palette;
mod strip;
mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ratatui::Terminal;

use self::palette::Palette;
use self::view::Status;
use super::session::Shared;
use crate::terminal::{self, Ansi, Drawing, Keyboard, Screen, is_set};

/// How long the view waits for a key before it looks whether there is something to draw: some 16 pictures a
/// second, which is enough for a level to look alive.
const WAIT: Duration = Duration::from_millis(60);
/// The longest time that a picture stands: the window may have another size, or the sound may have stopped.
const REDRAW: Duration = Duration::from_millis(500);
/// Sound that does not come for so long is waited for.
const STALLED: Duration = Duration::from_secs(1);
/// Ctrl-L.
const FORM_FEED: u8 = 0x0c;

/// Takes the terminal on standard output for the view of a session; none where it cannot be had. `stop` is set
/// where the user asks for the end.
pub(crate) fn start(shared: &Arc<Shared>, stop: &'static AtomicBool) -> Option<Drawing> {
    let seen = Arc::clone(shared);
    Drawing::start(Screen::Stdout, move |ended| follow(&seen, ended, stop))
}

/// Draws and hears keys until the session ends or the terminal has gone.
fn follow(shared: &Shared, ended: &AtomicBool, stop: &AtomicBool) {
    let Ok(mut screen) = Terminal::new(Ansi::on(Screen::Stdout)) else { return };
    let keyboard = Keyboard::of_session();
    let palette = Palette::new(&shared.look().labels, !is_set("NO_COLOR"));
    let begun = Instant::now();
    let mut drawn: Option<Instant> = None;
    while !ended.load(Ordering::Relaxed) {
        let changed = shared.has_changed();
        if changed || drawn.is_none_or(|at| at.elapsed() >= REDRAW) {
            // A copy: a terminal that takes its time must not keep the listener waiting.
            let session = shared.look().clone();
            let status = Status {
                stopping: stop.load(Ordering::Relaxed),
                waiting: session.came.unwrap_or(begun).elapsed() > STALLED,
            };
            // After a panic elsewhere the terminal is no longer the view's.
            if !terminal::is_taken()
                || screen.draw(|frame| view::draw(frame, &session, &palette, status)).is_err()
            {
                return;
            }
            drawn = Some(Instant::now());
        }
        match keyboard.key(WAIT) {
            Some(b'q' | b'Q') => {
                stop.store(true, Ordering::Relaxed);
                drawn = None;
            }
            // What something else wrote over the view goes.
            Some(FORM_FEED) => {
                if screen.clear().is_err() {
                    return;
                }
                drawn = None;
            }
            _ => {}
        }
    }
}
