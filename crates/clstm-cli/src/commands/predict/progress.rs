//! Progress of timelines: a bar on a terminal, lines elsewhere.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{FormattedDuration, ProgressBar, ProgressStyle};

use crate::messages::note;

/// Interval of lines without a terminal: short enough to follow, long enough for a short log.
const EVERY: Duration = Duration::from_secs(30);

/// Interval of changes of the bar.
const BLINK: Duration = Duration::from_millis(100);

/// Units of the bar per second of audio, for a single recording.
const UNITS: f64 = 10.0;

/// Shown on stderr, from any thread.
pub(super) struct Progress {
    terminal: bool,
    bar: ProgressBar,
    recordings: usize,
    began: Instant,
    state: Mutex<State>,
}

struct State {
    processed_s: f64,
    /// Duration of a single recording, if its header has one.
    total_s: Option<f64>,
    done: usize,
    shown: Instant,
}

impl Progress {
    /// For `recordings` recordings. `rows_show` if rows on the terminal show the progress already.
    pub(super) fn new(recordings: usize, rows_show: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = match (terminal, recordings) {
            (false, _) => ProgressBar::hidden(),
            // Its rows are printed at its end.
            (true, 1) => ProgressBar::new_spinner().with_style(style("{spinner} {msg}")),
            (true, _) if rows_show => ProgressBar::hidden(),
            (true, count) => ProgressBar::new(count as u64)
                .with_style(style("{wide_bar} {pos}/{len}, {msg}{eta} left")),
        };
        let now = Instant::now();
        let state = State { processed_s: 0.0, total_s: None, done: 0, shown: now };
        Self { terminal, bar, recordings, began: now, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the duration of a single recording.
    pub(super) fn expect(&self, total_s: impl FnOnce() -> Option<f64>) {
        if self.recordings > 1 {
            return;
        }
        let Some(total_s) = total_s() else { return };
        self.state().total_s = Some(total_s);
        self.bar.set_length((total_s * UNITS).ceil() as u64);
        self.bar.set_style(style("{wide_bar} {msg}"));
    }

    /// Counts audio that has been processed.
    pub(super) fn advance(&self, seconds: f64) {
        let mut state = self.state();
        state.processed_s += seconds;
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
            self.bar.set_position((state.processed_s * UNITS) as u64);
            self.bar.set_message(message);
        } else {
            self.bar.set_message(format!("{message}, "));
        }
    }

    /// Counts a completed recording.
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

    /// Removes the bar.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl State {
    /// Audio processed in `elapsed`, its speed, and the time left.
    fn message(&self, elapsed: Duration) -> String {
        let pace = self.processed_s / elapsed.as_secs_f64().max(1e-3);
        let processed = clock(self.processed_s);
        match self.total_s {
            // Headers may be wrong.
            Some(total) if total >= self.processed_s => {
                let left = clock((total - self.processed_s) / pace.max(1e-3));
                format!("{processed} of {}, {pace:.0}x real time, {left} left", clock(total))
            }
            _ => format!("{processed} processed, {pace:.0}x real time"),
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
    fn position_speed_and_time_left_are_shown() {
        let state =
            |processed_s, total_s| State { processed_s, total_s, done: 0, shown: Instant::now() };
        let elapsed = Duration::from_secs(10);
        assert_eq!(
            state(4_000.0, Some(36_000.0)).message(elapsed),
            "01:06:40 of 10:00:00, 400x real time, 00:01:20 left"
        );
        assert_eq!(
            state(4_000.0, None).message(elapsed),
            "01:06:40 processed, 400x real time",
            "of unknown duration"
        );
        assert_eq!(
            state(61.0, Some(60.0)).message(elapsed),
            "00:01:01 processed, 6x real time",
            "longer than its header"
        );
        assert_eq!(
            state(0.0, Some(1e300)).message(Duration::ZERO).split(',').nth(1),
            Some(" 0x real time")
        );
    }
}
