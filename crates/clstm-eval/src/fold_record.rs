//! The records of a run's folds: protocol, metrics, predictions.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::read_json;
use crate::{
    DimensionSummary, EvalError, EvalProtocol, FoldMetrics, FoldPredictions, Metrics, Prediction,
    RunCalibration, RunMetrics, read_predictions,
};

/// The record of one fold: `fold-N/metrics.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FoldRecord {
    /// How the figures were obtained.
    pub protocol: EvalProtocol,
    /// The figures.
    pub metrics: FoldMetrics,
    /// Class names.
    pub labels: Vec<String>,
}

/// Joins the folds that are done in a run's folder into its `metrics.json`, and calibrates over those
/// whose predictions are there.
///
/// # Errors
/// If there is none, they are of different protocols, or their predictions are not those of their records.
pub fn aggregate_folds(out: &Path) -> Result<RunMetrics, EvalError> {
    let outcomes = finished_folds(out)?;
    let first = outcomes[0].0.clone();
    let mut predictions = Vec::new();
    for (outcome, folder) in &outcomes {
        predictions.extend(predictions_of(outcome, folder)?);
    }
    let folds = outcomes.into_iter().map(|(outcome, _)| outcome.metrics).collect();
    let mut metrics = RunMetrics::new(first.protocol, folds, first.labels);
    metrics.calibration = RunCalibration::of(&predictions);
    let pooled: Vec<Prediction> =
        predictions.into_iter().flat_map(|fold| fold.predictions).collect();
    metrics.dimensions = DimensionSummary::of(&pooled, metrics.protocol.seed);
    metrics.write(&out.join("metrics.json"))?;
    Ok(metrics)
}

/// The records of the folds that are done in a run's folder, ascending, with their folders; at least one.
pub fn finished_folds(out: &Path) -> Result<Vec<(FoldRecord, PathBuf)>, EvalError> {
    let mut outcomes: Vec<(FoldRecord, PathBuf)> = Vec::new();
    let entries = std::fs::read_dir(out).map_err(|e| EvalError::io(out, e))?;
    for entry in entries {
        let folder = entry.map_err(|e| EvalError::io(out, e))?.path();
        let path = folder.join("metrics.json");
        if path.exists() {
            outcomes.push((read_json(&path)?, folder));
        }
    }
    outcomes.sort_by_key(|(outcome, _)| outcome.metrics.fold);
    let Some((first, _)) = outcomes.first() else {
        return Err(EvalError::Empty(format!("{} holds no finished fold", out.display())));
    };
    if outcomes
        .iter()
        .any(|(o, _)| !o.protocol.is_of_run(&first.protocol) || o.labels != first.labels)
    {
        let what = "its folds differ in their protocols".to_owned();
        return Err(EvalError::OtherRun { path: out.to_owned(), what });
    }
    Ok(outcomes)
}

/// The predictions of a fold, where they were kept.
pub fn predictions_of(
    outcome: &FoldRecord,
    folder: &Path,
) -> Result<Option<FoldPredictions>, EvalError> {
    let path = folder.join("predictions.jsonl");
    if !path.exists() {
        return Ok(None);
    }
    let (counted, classes) = (&outcome.metrics, outcome.labels.len());
    let predictions = read_predictions(&path, classes)?;
    let found = Metrics::of(predictions.iter().map(|p| (p.truth, p.predicted)), classes);
    if found.confusion != counted.confusion {
        return Err(EvalError::malformed(&path, "not the predictions that metrics.json counts"));
    }
    let held_out = counted.held_out_scaling.clone();
    Ok(Some(FoldPredictions { fold: counted.fold, held_out, predictions }))
}
