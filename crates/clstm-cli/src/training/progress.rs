//! Progress of a training in lines.

use clstm_train::{EpochRecord, Event, Metrics, Observer, Throughput};

use super::eta::Eta;
use crate::messages::note;
use crate::table::percent;

/// Prints the position of a run and the time left.
pub(crate) struct Progress {
    /// Whether nothing is printed.
    pub(super) quiet: bool,
    batch: usize,
    /// The row of an ablation or the seed of several, with a blank; else empty.
    row: String,
    clock: Eta,
    training: Training,
}

/// The current training.
struct Training {
    name: String,
    epochs: usize,
    steps: usize,
    /// Whether this process has done a step of it.
    begun: bool,
    pace: Throughput,
}

impl Progress {
    /// For a run of this many trainings.
    pub(crate) fn new(trainings: usize, batch: usize) -> Self {
        let training = Training {
            name: String::new(),
            epochs: 0,
            steps: 0,
            begun: false,
            pace: Throughput::new(0, 0),
        };
        Self { quiet: false, batch, row: String::new(), clock: Eta::new(trainings), training }
    }

    fn print(&self, line: &str) {
        if !self.quiet {
            note(line);
        }
    }

    fn step(&mut self, epoch: usize, step: usize) {
        let position = (epoch - 1) * self.training.steps + step;
        if !self.training.begun && position > 1 {
            self.print(&format!(
                "{}continuing in epoch {epoch} at step {step}",
                self.training.name
            ));
        }
        self.training.begun = true;
        self.training.pace.step(step);
        self.clock.step(position);
        if self.clock.is_first_estimate() {
            self.print(&format!("estimated time: {}", self.clock.left()));
        }
    }

    fn epoch(&mut self, record: &EpochRecord) {
        let clips = self.training.pace.epoch();
        let training = &self.training;
        let validation = record.validation.map_or(String::new(), |seen| {
            format!(", validation loss {:.3} UA {}", seen.loss, percent(seen.ua))
        });
        let test = record.test.map_or(String::new(), |test| {
            format!(", test UA {} (for the curve only)", percent(test.ua))
        });
        let dimensions =
            record.dimension_loss.map_or(String::new(), |loss| format!(", 1 - CCC {loss:.3}"));
        self.print(&format!(
            "{}epoch {}/{}: loss {:.3} (softmax {:.3}, centre {:.3}{dimensions}), train UA {}{validation}{test}; \
             {clips:.0} clips/s, {}",
            training.name,
            record.epoch,
            training.epochs,
            record.loss,
            record.softmax_loss,
            record.center_loss,
            percent(record.train_ua),
            self.clock.left()
        ));
    }
}

impl Observer for Progress {
    fn on_event(&mut self, event: &Event) {
        match event {
            &Event::Row { preset, number, rows } => {
                self.print(&format!("row {number} of {rows}: {preset}"));
                self.row = format!("{preset} ");
            }
            &Event::Seed { seed, number, seeds } => {
                self.print(&format!("seed {seed}, {number} of {seeds}"));
                self.row = format!("seed {seed} ");
            }
            &Event::Started {
                fold, folds, train, validation, test, epochs, steps, done, ..
            } => {
                let fold = fold.map_or(String::new(), |fold| format!("fold {fold}/{folds} "));
                let name = format!("{}{fold}", self.row);
                let batch = self.batch.min(train);
                let parts = parts(train, validation, test);
                self.print(&format!(
                    "{name}{parts}: {epochs} epochs of {steps} steps of about {batch} utterances"
                ));
                let pace = Throughput::new(train, steps);
                self.training = Training { name, epochs, steps, begun: false, pace };
                self.clock.started(epochs * steps);
                if done > 0 {
                    self.print(&format!("continuing after epoch {done} of {epochs}"));
                }
            }
            &Event::Step { epoch, step, .. } => self.step(epoch.max(1), step.max(1)),
            Event::Epoch(record) => self.epoch(record),
            Event::FoldDone { fold, metrics, resumed } => {
                self.clock.training_done();
                self.print(&fold_done(&self.row, *fold, metrics, *resumed));
            }
            _ => {}
        }
    }
}

/// `training on 900 utterances, validating on 100, testing on 250 held out`.
fn parts(train: usize, validation: usize, test: usize) -> String {
    let part = |of: &str, count: usize| match count {
        0 => String::new(),
        _ => format!(", {of} on {count}"),
    };
    let held_out = if test > 0 { " held out" } else { "" };
    format!(
        "training on {train} utterances{}{}{held_out}",
        part("validating", validation),
        part("testing", test)
    )
}

/// The figures of a fold.
pub(super) fn fold_done(row: &str, fold: usize, metrics: &Metrics, resumed: bool) -> String {
    let earlier = if resumed { " (done earlier)" } else { "" };
    format!(
        "{row}fold {fold} done{earlier}: UA {}, WA {}, macro F1 {}",
        percent(metrics.ua),
        percent(metrics.wa),
        percent(metrics.macro_f1)
    )
}
