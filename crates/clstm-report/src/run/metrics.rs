//! `metrics.json`, of the run or joined from its folds, and whether its figures can be.

use std::collections::HashSet;
use std::path::Path;

use clstm_eval::{FoldMetrics, FoldRecord, Metrics, Prediction, RunCalibration, RunMetrics};

use super::discover::{folds_in, is_run};
use super::{files, numbers};
use crate::ReportError;

/// More classes than any corpus of emotions, or of speakers that a report could print, has.
const MOST_CLASSES: usize = 1_000;
/// More folds than leaving one speaker out ever makes.
const MOST_FOLDS: usize = 10_000;

/// The record of a run, and notes on what is missing.
pub(super) fn read(folder: &Path) -> Result<(RunMetrics, Vec<String>), ReportError> {
    if !is_run(folder) {
        return Err(ReportError::NoRun { path: folder.to_owned() });
    }
    let path = folder.join("metrics.json");
    let (metrics, mut notes) = match path.is_file() {
        true => (files::json(&path)?, Vec::new()),
        false => (
            join(folder)?,
            vec![
            "There is no metrics.json yet: the folds that are done were joined for this report, \
             without a calibration."
                .to_owned(),
        ],
        ),
    };
    check(&metrics).map_err(|reason| ReportError::malformed(&path, reason))?;
    let missing = metrics.missing();
    if !missing.is_empty() {
        let (missing, all) = (numbers(&missing), metrics.protocol.folds);
        notes.push(format!(
            "Partial: {missing} of {all} not done. Every figure is over the folds that are."
        ));
    }
    let newer: Vec<usize> = folds_in(folder).into_iter().map(|(number, _)| number).collect();
    let counted = |number: &usize| metrics.folds.iter().any(|fold| fold.fold == *number);
    let newer: Vec<usize> = newer.into_iter().filter(|number| !counted(number)).collect();
    if !newer.is_empty() {
        let newer = numbers(&newer);
        notes.push(format!("metrics.json does not count {newer}, which the folder has."));
    }
    Ok((metrics, notes))
}

fn join(folder: &Path) -> Result<RunMetrics, ReportError> {
    let mut outcomes: Vec<FoldRecord> = Vec::new();
    for (number, fold) in folds_in(folder) {
        let path = fold.join("metrics.json");
        let outcome: FoldRecord = files::json(&path)?;
        let same = outcomes.first().is_none_or(|first| {
            first.protocol == outcome.protocol && first.labels == outcome.labels
        });
        if !same || outcome.metrics.fold != number {
            return Err(ReportError::malformed(&path, "not a fold of the same run as the others"));
        }
        outcomes.push(outcome);
    }
    let Some(first) = outcomes.first().cloned() else {
        return Err(ReportError::NoRun { path: folder.to_owned() });
    };
    let folds = outcomes.into_iter().map(|outcome| outcome.metrics).collect();
    Ok(RunMetrics::new(first.protocol, folds, first.labels))
}

/// The first thing that cannot be.
fn check(run: &RunMetrics) -> Result<(), String> {
    let classes = run.labels.len();
    if classes == 0 || classes > MOST_CLASSES {
        return Err(format!("{classes} classes; a report takes 1 to {MOST_CLASSES}"));
    }
    if run.folds.is_empty() || run.protocol.folds > MOST_FOLDS {
        return Err("no fold, or more of them than can be".to_owned());
    }
    let mut seen = HashSet::new();
    for fold in &run.folds {
        let number = fold.fold;
        if !(1..=run.protocol.folds).contains(&number) || !seen.insert(number) {
            return Err(format!("fold {number} is there twice or is none of the protocol's"));
        }
        check_fold(fold, classes).map_err(|reason| format!("fold {number}: {reason}"))?;
    }
    let shares = [run.mean, run.std].into_iter().flat_map(|m| [m.ua, m.wa, m.macro_f1]);
    if !shares.clone().all(is_share) {
        return Err("a mean or deviation that is not a share".to_owned());
    }
    match &run.calibration {
        Some(calibration) if !possible(calibration) => {
            Err("a figure of the calibration that cannot be measured".to_owned())
        }
        _ => Ok(()),
    }
}

fn check_fold(fold: &FoldMetrics, classes: usize) -> Result<(), String> {
    let square =
        fold.confusion.len() == classes && fold.confusion.iter().all(|row| row.len() == classes);
    if !square {
        return Err(format!("its confusion matrix is not {classes} by {classes}"));
    }
    let sum = fold.confusion.iter().flatten().try_fold(0_usize, |sum, n| sum.checked_add(*n));
    if sum != Some(fold.test_utterances) {
        return Err("its confusion matrix does not count its test utterances".to_owned());
    }
    // Counts are summed over folds, and ratios taken of them, as 32-bit numbers.
    if fold.test_utterances > u32::MAX as usize / MOST_FOLDS {
        return Err("more test utterances than can be".to_owned());
    }
    let counted = fold.metrics();
    let recorded =
        [(fold.ua, counted.ua), (fold.wa, counted.wa), (fold.macro_f1, counted.macro_f1)];
    if !recorded.into_iter().all(|(own, counted)| (own - counted).abs() < 1e-9) {
        return Err("its accuracies are not those of its confusion matrix".to_owned());
    }
    if !fold.seconds.is_finite() || fold.seconds < 0.0 {
        return Err("its time is none".to_owned());
    }
    Ok(())
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

fn possible(calibration: &RunCalibration) -> bool {
    let sides = [&calibration.uncalibrated, &calibration.calibrated];
    let scores = sides.into_iter().all(|side| {
        let bins = side.bins.iter().all(|bin| is_share(bin.confidence) && is_share(bin.accuracy));
        is_share(side.ece) && side.nll.is_finite() && side.brier.is_finite() && bins
    });
    let points = calibration.risk_coverage.points.iter().chain(&calibration.abstention);
    let curve = |p: &clstm::RiskPoint| [p.threshold, p.coverage, p.risk].into_iter().all(is_share);
    scores
        && points.into_iter().all(curve)
        && is_share(calibration.risk_coverage.aurc)
        && calibration.scaling.temperature.is_finite()
        && calibration.folds.iter().all(|fold| fold.scaling.temperature.is_finite())
}

/// Whether predictions are those that a fold's record counts.
pub(super) fn check_predictions(
    path: &Path,
    predictions: &[Prediction],
    fold: &FoldMetrics,
) -> Result<(), ReportError> {
    let pairs = predictions.iter().map(|p| (p.truth, p.predicted));
    match Metrics::of(pairs, fold.confusion.len()).confusion == fold.confusion {
        true => Ok(()),
        false => Err(ReportError::malformed(path, "not the predictions that metrics.json counts")),
    }
}
