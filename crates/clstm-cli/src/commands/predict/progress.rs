//! How far timelines have come: a bar on a terminal, lines without one.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{FormattedDuration, ProgressBar, ProgressStyle};

use crate::messages::note;

/// From one line to the next without a terminal: a log of ten hours of sound stays short, and whoever looks
/// at it need not wait.
const EVERY: Duration = Duration::from_secs(30);

/// From one change of the bar to the next: more is too fast to read.
const BLINK: Duration = Duration::from_millis(100);

/// Units of the bar of a single recording, in a second of sound.
const UNITS: f64 = 10.0;

/// Shown on stderr, from whatever thread a recording is heard on.
pub(super) struct Progress {
    terminal: bool,
    bar: ProgressBar,
    recordings: usize,
    began: Instant,
    state: Mutex<State>,
}

struct State {
    heard_s: f64,
    /// Of a single recording, where it says so.
    total_s: Option<f64>,
    done: usize,
    shown: Instant,
}

impl Progress {
    /// For so many recordings. `rows_show` where what is printed on the terminal meanwhile shows it
    /// already.
    pub(super) fn new(recordings: usize, rows_show: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = match (terminal, recordings) {
            (false, _) => ProgressBar::hidden(),
            // Its rows come when it has been heard.
            (true, 1) => ProgressBar::new_spinner().with_style(style("{spinner} {msg}")),
            (true, _) if rows_show => ProgressBar::hidden(),
            (true, count) => ProgressBar::new(count as u64)
                .with_style(style("{wide_bar} {pos}/{len}, {msg}{eta} left")),
        };
        let now = Instant::now();
        let state = State { heard_s: 0.0, total_s: None, done: 0, shown: now };
        Self { terminal, bar, recordings, began: now, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a recording says it is, as far as that matters.
    pub(super) fn expect(&self, total_s: impl FnOnce() -> Option<f64>) {
        if self.recordings > 1 {
            return;
        }
        let Some(total_s) = total_s() else { return };
        self.state().total_s = Some(total_s);
        self.bar.set_length((total_s * UNITS).ceil() as u64);
        self.bar.set_style(style("{wide_bar} {msg}"));
    }

    /// More of a recording has been heard.
    pub(super) fn heard(&self, seconds: f64) {
        let mut state = self.state();
        state.heard_s += seconds;
        let now = Instant::now();
        let every = if self.terminal { BLINK } else { EVERY };
        if now - state.shown < every {
            return;
        }
        state.shown = now;
        let (message, done) = (state.message(now - self.began), state.done);
        if !self.terminal {
            drop(state);
            let count = self.recordings;
            let of =
                if count > 1 { format!("{done} of {count} recordings, ") } else { String::new() };
            note(&format!("{of}{message}"));
        } else if self.recordings == 1 {
            self.bar.set_position((state.heard_s * UNITS) as u64);
            self.bar.set_message(message);
        } else {
            self.bar.set_message(format!("{message}, "));
        }
    }

    /// A recording has come to its end.
    pub(super) fn done(&self) {
        self.state().done += 1;
        if self.recordings > 1 {
            self.bar.inc(1);
        }
    }

    /// Prints something without the bar in its way.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl State {
    /// What has been heard in `elapsed`, how fast, and what is left.
    fn message(&self, elapsed: Duration) -> String {
        let pace = self.heard_s / elapsed.as_secs_f64().max(1e-3);
        let heard = clock(self.heard_s);
        match self.total_s {
            // Headers may promise too little.
            Some(total) if total >= self.heard_s => {
                let left = clock((total - self.heard_s) / pace.max(1e-3));
                format!("{heard} of {}, {pace:.0}x real time, {left} left", clock(total))
            }
            _ => format!("{heard} heard, {pace:.0}x real time"),
        }
    }
}

/// Hours, minutes and seconds.
fn clock(seconds: f64) -> FormattedDuration {
    FormattedDuration(Duration::try_from_secs_f64(seconds.round()).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::State;

    #[test]
    fn position_speed_and_time_left_are_told() {
        let state = |heard_s, total_s| State { heard_s, total_s, done: 0, shown: Instant::now() };
        let elapsed = Duration::from_secs(10);
        assert_eq!(
            state(4_000.0, Some(36_000.0)).message(elapsed),
            "01:06:40 of 10:00:00, 400x real time, 00:01:20 left"
        );
        assert_eq!(
            state(4_000.0, None).message(elapsed),
            "01:06:40 heard, 400x real time",
            "nobody knows how long it is"
        );
        assert_eq!(
            state(61.0, Some(60.0)).message(elapsed),
            "00:01:01 heard, 6x real time",
            "longer than it said"
        );
        assert_eq!(
            state(0.0, Some(1e300)).message(Duration::ZERO).split(',').nth(1),
            Some(" 0x real time")
        );
    }
}
