//! A training as it goes: a bar on a terminal, lines without one.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use clstm_train::{EpochRecord, Event, Observer};
use indicatif::{ProgressBar, ProgressStyle};

use crate::notes::note;
use crate::table::percent;

/// Shows where a run stands and how long it still takes.
pub(crate) struct Progress {
    /// Folds to come, the one under way included.
    folds_left: usize,
    batch: usize,
    /// The row of an ablation, with a blank; empty elsewhere.
    row: String,
    fold: Fold,
    /// Steps done by this process, and since when.
    steps_done: usize,
    since: Instant,
    bar: Option<ProgressBar>,
}

/// The training under way.
struct Fold {
    name: String,
    train: usize,
    epochs: usize,
    steps: usize,
    /// Steps done, those of an earlier process included.
    position: Option<usize>,
    /// When the epoch began and at which position.
    epoch: (Instant, usize),
    last_step: Instant,
}

impl Progress {
    /// For a run of so many trainings.
    pub(crate) fn new(folds: usize, batch: usize) -> Self {
        let now = Instant::now();
        let fold = Fold {
            name: String::new(),
            train: 0,
            epochs: 0,
            steps: 0,
            position: None,
            epoch: (now, 0),
            last_step: now,
        };
        let bar = None;
        let row = String::new();
        Self { folds_left: folds, batch, row, fold, steps_done: 0, since: now, bar }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn tell(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(line)),
            None => note(line),
        }
    }

    fn started(&mut self, name: String, train: usize, test: usize, epochs: usize, steps: usize) {
        let now = Instant::now();
        if self.steps_done == 0 {
            self.since = now;
        }
        let held_out = match test {
            0 => String::new(),
            _ => format!(", testing on {test} held out"),
        };
        self.tell(&format!(
            "{name}training on {train} utterances{held_out}: {epochs} epochs of {steps} steps of \
             about {} utterances",
            self.batch.min(train)
        ));
        self.fold =
            Fold { name, train, epochs, steps, position: None, epoch: (now, 0), last_step: now };
        if std::io::stderr().is_terminal() {
            self.finish();
            let bar = ProgressBar::new((epochs * steps) as u64);
            let style = ProgressStyle::with_template("{prefix}{wide_bar} {percent}% {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(self.fold.name.clone());
            self.bar = Some(bar);
        }
    }

    fn step(&mut self, epoch: usize, step: usize, loss: f64) {
        let now = Instant::now();
        let position = (epoch - 1) * self.fold.steps + step;
        if self.fold.position.is_none() {
            if position > 1 {
                self.tell(&format!("{}going on in epoch {epoch} at step {step}", self.fold.name));
            }
            self.fold.epoch.1 = position - 1;
        }
        self.fold.position = Some(position);
        self.fold.last_step = now;
        self.steps_done += 1;
        if let Some(bar) = &self.bar {
            bar.set_position(position as u64);
            bar.set_message(format!(
                "epoch {epoch}/{} loss {loss:.3}, {}",
                self.fold.epochs,
                self.left()
            ));
        }
    }

    fn epoch(&mut self, record: &EpochRecord) {
        let fold = &self.fold;
        let position = fold.position.unwrap_or(0);
        let seconds = fold.last_step.duration_since(fold.epoch.0).as_secs_f64();
        let clips = (position - fold.epoch.1.min(position)) as f64 * fold.train as f64
            / fold.steps.max(1) as f64;
        let test = record.test.map_or(String::new(), |test| {
            format!(", test UA {} (for the curve; nothing is chosen by it)", percent(test.ua))
        });
        let line = format!(
            "{}epoch {}/{}: loss {:.3} (softmax {:.3}, centre {:.3}), train UA {}{test}; {:.0} \
             clips/s, {}",
            fold.name,
            record.epoch,
            fold.epochs,
            record.loss,
            record.softmax_loss,
            record.center_loss,
            percent(record.train_ua),
            clips / seconds.max(1e-9),
            self.left()
        );
        if self.bar.is_none() || record.test.is_some() {
            self.tell(&line);
        }
        let now = Instant::now();
        self.fold.epoch = (now, position);
    }

    /// Time left for the fold and the run, by the pace so far.
    fn left(&self) -> String {
        if self.steps_done == 0 {
            return String::new();
        }
        let whole = self.fold.steps * self.fold.epochs;
        let here = whole.saturating_sub(self.fold.position.unwrap_or(0));
        let pace = self.since.elapsed().as_secs_f64() / self.steps_done as f64;
        let after = self.folds_left.saturating_sub(1);
        let time = |steps: usize| duration(Duration::from_secs_f64(pace * steps as f64));
        match after {
            0 => format!("{} left", time(here)),
            _ => format!("{} left, {} for the run", time(here), time(here + after * whole)),
        }
    }
}

impl Observer for Progress {
    fn on_event(&mut self, event: &Event) {
        match event {
            &Event::Row { preset, number, rows } => {
                self.tell(&format!("row {number} of {rows}: {preset}"));
                self.row = format!("{preset} ");
            }
            &Event::Started { fold, folds, train, test, epochs, steps, done } => {
                let fold = fold.map_or(String::new(), |fold| format!("fold {fold}/{folds} "));
                let name = format!("{}{fold}", self.row);
                self.started(name, train, test, epochs, steps);
                if done > 0 {
                    self.tell(&format!("going on after epoch {done} of {epochs}"));
                }
            }
            &Event::Step { epoch, step, loss } => self.step(epoch.max(1), step.max(1), loss),
            Event::Epoch(record) => self.epoch(record),
            Event::FoldDone { fold, metrics, resumed } => {
                self.finish();
                self.folds_left = self.folds_left.saturating_sub(1);
                let earlier = if *resumed { " (done earlier)" } else { "" };
                self.tell(&format!(
                    "{}fold {fold} done{earlier}: UA {}, WA {}, macro F1 {}",
                    self.row,
                    percent(metrics.ua),
                    percent(metrics.wa),
                    percent(metrics.macro_f1)
                ));
            }
            _ => {}
        }
    }
}

/// `48 s`, `12 min`, `3 h 05 min`.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6000 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn durations_read_naturally() {
        let read = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(read(48), "48 s");
        assert_eq!(read(720), "12 min");
        assert_eq!(read(3 * 3600 + 5 * 60), "3 h 05 min");
    }
}
