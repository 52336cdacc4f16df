//! The books of a run's folds: what each was tested with and what came of it.

use std::path::{Path, PathBuf};

use clstm::Model;
use serde::{Deserialize, Serialize};

use crate::calibration::FoldPredictions;
use crate::prediction::write_predictions;
use crate::run::{read_json, write_json};
use crate::{
    Dataset, Evaluation, FoldMetrics, FoldValidation, HeldOutScaling, Metrics, Protocol,
    RunCalibration, RunMetrics, TrainError, read_predictions,
};

/// The books of one fold: `fold-N/metrics.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FoldOutcome {
    /// How the figures were obtained.
    pub protocol: Protocol,
    /// The figures.
    pub metrics: FoldMetrics,
    /// Class names.
    pub labels: Vec<String>,
}

/// A fold whose model was tested.
#[derive(Debug)]
pub(crate) struct TestedFold {
    /// From 1.
    pub(crate) number: usize,
    /// Utterances trained on.
    pub(crate) train_utterances: usize,
    /// The model.
    pub(crate) model: Model,
    /// What it said of the test utterances.
    pub(crate) evaluation: Evaluation,
    /// What it was trained and tested on, for its file.
    pub(crate) sentence: String,
    /// How the figures were obtained.
    pub(crate) protocol: Protocol,
    /// Time of the training.
    pub(crate) seconds: f64,
    /// What its confidences were scaled by, where utterances were held out for that.
    pub(crate) held_out: Option<HeldOutScaling>,
    /// What validation decided, where there was one.
    pub(crate) validation: Option<FoldValidation>,
}

impl TestedFold {
    /// Writes model, predictions and, last of all, the books: a fold that has them is done.
    pub(crate) fn write(mut self, dataset: &Dataset, folder: &Path) -> Result<Metrics, TrainError> {
        let metrics = self.evaluation.metrics;
        let training = &mut self.model.info.training;
        training.protocol.clone_from(&self.sentence);
        training.scores = vec![clstm::Score {
            protocol: self.sentence,
            ua: metrics.ua,
            wa: metrics.wa,
            macro_f1: metrics.macro_f1,
            folds: 1,
        }];
        let said = FoldPredictions {
            fold: self.number,
            held_out: self.held_out.clone(),
            predictions: self.evaluation.predictions,
        };
        let (run, folds) = (self.protocol.describe(), self.protocol.folds);
        let calibration = RunCalibration::of(std::slice::from_ref(&said), &run, folds);
        self.model.info.calibration = calibration.map(|calibration| calibration.summary());
        self.model.write(&folder.join("model.safetensors"))?;
        write_predictions(&folder.join("predictions.jsonl"), &said.predictions)?;
        let outcome = FoldOutcome {
            metrics: FoldMetrics {
                fold: self.number,
                ua: metrics.ua,
                wa: metrics.wa,
                macro_f1: metrics.macro_f1,
                confusion: metrics.confusion.clone(),
                test_speakers: self.model.info.training.test_speakers,
                train_utterances: self.train_utterances,
                test_utterances: said.predictions.len(),
                seconds: self.seconds,
                held_out_scaling: self.held_out,
                validation: self.validation,
            },
            protocol: self.protocol,
            labels: dataset.corpus.labels.clone(),
        };
        write_json(&folder.join("metrics.json"), &outcome)?;
        Ok(metrics)
    }
}

/// Joins the folds that are done in a run's folder into its `metrics.json`, and calibrates over those
/// whose predictions are there.
///
/// # Errors
/// If there is none, they are of different protocols, or their predictions are not those of their books.
pub fn join_folds(out: &Path) -> Result<RunMetrics, TrainError> {
    let outcomes = finished_folds(out)?;
    let first = outcomes[0].0.clone();
    let mut said = Vec::new();
    for (outcome, folder) in &outcomes {
        said.extend(predictions_of(outcome, folder)?);
    }
    let (run, of_folds) = (first.protocol.describe(), first.protocol.folds);
    let folds = outcomes.into_iter().map(|(outcome, _)| outcome.metrics).collect();
    let mut metrics = RunMetrics::new(first.protocol, folds, first.labels);
    metrics.calibration = RunCalibration::of(&said, &run, of_folds);
    metrics.write(&out.join("metrics.json"))?;
    Ok(metrics)
}

/// The books of the folds that are done in a run's folder, ascending, and their folders; at least one.
pub(crate) fn finished_folds(out: &Path) -> Result<Vec<(FoldOutcome, PathBuf)>, TrainError> {
    let mut outcomes: Vec<(FoldOutcome, PathBuf)> = Vec::new();
    let entries = std::fs::read_dir(out).map_err(|e| TrainError::io(out, e))?;
    for entry in entries {
        let folder = entry.map_err(|e| TrainError::io(out, e))?.path();
        let path = folder.join("metrics.json");
        if path.exists() {
            outcomes.push((read_json(&path)?, folder));
        }
    }
    outcomes.sort_by_key(|(outcome, _)| outcome.metrics.fold);
    let Some((first, _)) = outcomes.first() else {
        return Err(TrainError::Empty(format!("{} holds no finished fold", out.display())));
    };
    if outcomes.iter().any(|(o, _)| o.protocol != first.protocol || o.labels != first.labels) {
        let what = "its folds differ in their protocols".to_owned();
        return Err(TrainError::OtherRun { path: out.to_owned(), what });
    }
    Ok(outcomes)
}

/// The predictions of a fold, where they were kept.
pub(crate) fn predictions_of(
    outcome: &FoldOutcome,
    folder: &Path,
) -> Result<Option<FoldPredictions>, TrainError> {
    let path = folder.join("predictions.jsonl");
    if !path.exists() {
        return Ok(None);
    }
    let (books, classes) = (&outcome.metrics, outcome.labels.len());
    let predictions = read_predictions(&path, classes)?;
    let said = Metrics::of(predictions.iter().map(|p| (p.truth, p.predicted)), classes);
    if said.confusion != books.confusion {
        return Err(TrainError::malformed(&path, "not the predictions that metrics.json counts"));
    }
    let held_out = books.held_out_scaling.clone();
    Ok(Some(FoldPredictions { fold: books.fold, held_out, predictions }))
}
