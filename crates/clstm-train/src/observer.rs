//! Events of a training.

use std::path::PathBuf;

use clstm_eval::Metrics;

use crate::EpochRecord;

/// An event of a training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// In an ablation: the folds that follow are of this row.
    Row {
        /// Its preset.
        preset: &'static str,
        /// From 1, among those that are run.
        number: usize,
        /// How many are run.
        rows: usize,
    },
    /// In a run of several seeds: the folds that follow are of this one.
    Seed {
        /// The seed.
        seed: u64,
        /// From 1.
        number: usize,
        /// How many there are.
        seeds: usize,
    },
    /// A fold (or the only training) begins or is resumed.
    Started {
        /// From 1; none for a training without folds.
        fold: Option<usize>,
        /// How many folds there are.
        folds: usize,
        /// Utterances to train on.
        train: usize,
        /// Utterances held out of them for validation.
        validation: usize,
        /// Utterances to test on.
        test: usize,
        /// Epochs in all.
        epochs: usize,
        /// Steps of an epoch.
        steps: usize,
        /// Epochs that an earlier run has done.
        done: usize,
        /// The records of these.
        history: Vec<EpochRecord>,
        /// The folder of its files.
        folder: PathBuf,
    },
    /// The last checkpoint is damaged or missing; the training continues from the one before it.
    CheckpointDamaged {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A step is done.
    Step {
        /// From 1.
        epoch: usize,
        /// From 1.
        step: usize,
        /// Mean loss an utterance so far in this epoch.
        loss: f64,
    },
    /// An epoch is nearly done; its record follows.
    Classes {
        /// On the augmented training crops of the epoch.
        training: Metrics,
        /// On the validation utterances, where they were evaluated.
        validation: Option<Metrics>,
    },
    /// An epoch is done.
    Epoch(EpochRecord),
    /// A fold is done.
    FoldDone {
        /// From 1.
        fold: usize,
        /// On its test utterances.
        metrics: Metrics,
        /// Read back from an earlier run.
        resumed: bool,
    },
}

/// Receives events; called from the training thread.
pub trait Observer {
    /// Something happened.
    fn on_event(&mut self, event: &Event);
}

/// Ignores all events.
#[derive(Clone, Copy, Debug)]
pub struct NullObserver;

impl Observer for NullObserver {
    fn on_event(&mut self, _: &Event) {}
}
