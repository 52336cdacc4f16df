//! State of the view.

use clstm_train::{EpochRecord, Event, Metrics, Throughput};

use crate::text::printable;
use crate::training::eta::Eta;
use crate::training::observers::RunDescription;
use crate::training::progress::fold_done;

/// A run, as far as it is known.
pub(super) struct State {
    /// Corpus and preset.
    pub(super) title: String,
    /// Class names, printable.
    pub(super) labels: Vec<String>,
    /// Trainings of the run, and those that are done, with their UA.
    pub(super) trainings: usize,
    pub(super) done: Vec<(String, f64)>,
    /// The current training; `None` before the first.
    pub(super) training: Option<Training>,
    pub(super) clock: Eta,
    /// The row of an ablation or the seed of several, with a blank; else empty.
    row: String,
    lines: Vec<String>,
}

/// The current training.
pub(super) struct Training {
    /// `fold 2 of 5`; empty where there are no folds.
    pub(super) name: String,
    /// What it trains on, in words.
    pub(super) parts: String,
    pub(super) epochs: usize,
    pub(super) steps: usize,
    /// Current epoch and step, from 1.
    pub(super) at: (usize, usize),
    /// Mean loss an utterance so far in the epoch.
    pub(super) loss: Option<f64>,
    pub(super) history: Vec<EpochRecord>,
    pub(super) classes: Option<Classes>,
    pub(super) clips: f64,
    pace: Throughput,
}

/// The last recalls of the classes.
pub(super) struct Classes {
    pub(super) part: Part,
    pub(super) metrics: Metrics,
}

/// What the classes were evaluated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Crops of the training utterances.
    Training,
    /// Validation utterances.
    Validation,
}

impl State {
    /// Before the first event.
    pub(super) fn new(about: &RunDescription<'_>) -> Self {
        Self {
            title: printable(&about.title),
            labels: about.labels.iter().map(|label| printable(label)).collect(),
            trainings: about.trainings,
            done: Vec::new(),
            training: None,
            clock: Eta::new(about.trainings),
            row: String::new(),
            lines: Vec::new(),
        }
    }

    /// Lines to print after the view.
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Takes in an event.
    pub(super) fn update(&mut self, event: &Event) {
        match event {
            Event::Row { preset, .. } => self.row = format!("{preset} "),
            Event::Seed { seed, .. } => self.row = format!("seed {seed} "),
            Event::Started {
                fold,
                folds,
                train,
                validation,
                test,
                epochs,
                steps,
                done,
                history,
                ..
            } => {
                let fold = fold.map_or(String::new(), |fold| format!("fold {fold} of {folds}"));
                self.clock.started(epochs * steps);
                self.training = Some(Training {
                    name: format!("{}{fold}", self.row).trim_end().to_owned(),
                    parts: parts(*train, *validation, *test),
                    epochs: *epochs,
                    steps: *steps,
                    at: (*done, *steps),
                    loss: None,
                    history: history.clone(),
                    classes: None,
                    clips: 0.0,
                    pace: Throughput::new(*train, *steps),
                });
            }
            Event::FoldDone { fold, metrics, resumed } => {
                self.clock.training_done();
                self.done.push((format!("{}fold {fold}", self.row), metrics.ua));
                self.lines.push(fold_done(&self.row, *fold, metrics, *resumed));
            }
            other => {
                if let Some(training) = &mut self.training {
                    training.update(other, &mut self.clock);
                }
            }
        }
    }
}

/// `900 training, 100 validation, 250 test utterances`.
fn parts(train: usize, validation: usize, test: usize) -> String {
    let part = |count: usize, of: &str| match count {
        0 => String::new(),
        _ => format!(", {count} {of}"),
    };
    format!("{train} training{}{} utterances", part(validation, "validation"), part(test, "test"))
}

impl Training {
    fn update(&mut self, event: &Event, clock: &mut Eta) {
        match event {
            &Event::Step { epoch, step, loss } => {
                self.at = (epoch, step);
                self.loss = Some(loss);
                self.pace.step(step);
                self.clips = self.pace.clips();
                clock.step(self.position());
            }
            // Recalls of validation utterances have priority over those of training crops, also between two
            // evaluations.
            Event::Classes { validation: Some(metrics), .. } => {
                self.classes = Some(Classes { part: Part::Validation, metrics: metrics.clone() });
            }
            Event::Classes { training, validation: None } => {
                let part = Part::Training;
                if self.classes.as_ref().is_none_or(|before| before.part == part) {
                    self.classes = Some(Classes { part, metrics: training.clone() });
                }
            }
            Event::Epoch(record) => {
                self.clips = self.pace.epoch();
                self.history.push(*record);
            }
            _ => {}
        }
    }

    /// Steps done, of all.
    pub(super) fn position(&self) -> usize {
        (self.at.0.max(1) - 1) * self.steps + if self.at.0 == 0 { 0 } else { self.at.1 }
    }

    /// Its part that is done, in `[0, 1]`.
    pub(super) fn share(&self) -> f64 {
        self.position() as f64 / (self.epochs * self.steps).max(1) as f64
    }
}
