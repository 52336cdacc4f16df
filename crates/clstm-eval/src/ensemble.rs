//! Cross-validations of several seeds, or presets, as one of their ensemble.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clstm::ProbabilityCalibration;

use crate::files::{create_folder, write_record};
use crate::fold_record::{FoldRecord, aggregate_folds, finished_folds, predictions_of};
use crate::{
    Checksums, DimensionPrediction, DimensionScores, EvalError, EvalProtocol, FoldMetrics, Lineage,
    Metrics, Prediction, RunInputs, RunMetrics, write_predictions,
};

/// Averages the probabilities that cross-validations of the same protocol gave to the same test utterances,
/// whatever networks and seeds they trained, and writes the folds that all of them have done into a new run at `out`, with
/// its `metrics.json`.
///
/// A model of one run and those of the others were trained on the same utterances of their fold: no
/// ensemble was trained on its test utterances.
///
/// # Errors
/// [`EvalError::Empty`] for fewer than two runs or no fold in common; [`EvalError::OtherRun`] where
/// protocols, classes or test utterances differ; [`EvalError::RunExists`] where `out` holds a run;
/// those of files.
pub fn ensemble_runs(runs: &[PathBuf], out: &Path) -> Result<RunMetrics, EvalError> {
    let [first, others @ ..] = runs else {
        return Err(EvalError::Empty("there is no run to average".to_owned()));
    };
    if others.is_empty() {
        let first = first.display();
        return Err(EvalError::Empty(format!("{first} alone has nothing to be averaged with")));
    }
    if out.join("metrics.json").exists() {
        return Err(EvalError::RunExists { path: out.to_owned() });
    }
    let mut rest = Vec::new();
    let leading = finished_folds(first)?;
    for run in others {
        let folds = finished_folds(run)?;
        let (ours, theirs) = (&leading[0].0, &folds[0].0);
        if ours.protocol.without_training() != theirs.protocol.without_training()
            || ours.labels != theirs.labels
        {
            let what = format!(
                "another protocol than {}: {}; {}",
                first.display(),
                theirs.protocol.describe(),
                ours.protocol.describe()
            );
            return Err(EvalError::OtherRun { path: run.clone(), what });
        }
        rest.push(folds);
    }
    let mut done = 0;
    for lead in &leading {
        let fold = lead.0.metrics.fold;
        let same = |folds: &Vec<(FoldRecord, PathBuf)>| {
            folds.iter().find(|(outcome, _)| outcome.metrics.fold == fold).cloned()
        };
        let Some(others) = rest.iter().map(same).collect::<Option<Vec<_>>>() else {
            continue; // not done in all of them
        };
        write_fold(lead, &others, &out.join(format!("fold-{fold}")))?;
        done += 1;
    }
    if done == 0 {
        return Err(EvalError::Empty("the runs have no finished fold in common".to_owned()));
    }
    let names = runs.iter().map(|run| run.display().to_string());
    RunInputs { ensemble_of: names.collect(), ..RunInputs::default() }.write(out)?;
    aggregate_folds(out)
}

/// The protocol of the average: the presets joined by `+`, of numbers of epochs the largest.
fn of_all<'a>(runs: impl Iterator<Item = &'a EvalProtocol> + Clone) -> Option<EvalProtocol> {
    let first = runs.clone().next()?;
    let presets = each_once(runs.clone().flat_map(|run| run.preset.split('+')));
    Some(EvalProtocol {
        // The members have their own.
        lineage: Lineage::default(),
        tta_passes: runs.clone().map(|run| run.tta_passes).max()?,
        models: runs.clone().map(|run| run.models).sum(),
        members: runs.clone().flat_map(EvalProtocol::as_members).collect(),
        preset: presets.join("+"),
        epochs: runs.map(|run| run.epochs).max()?,
        ..first.clone()
    })
}

/// Names in the order that they first come in.
fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut all = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

fn write_fold(
    lead: &(FoldRecord, PathBuf),
    others: &[(FoldRecord, PathBuf)],
    folder: &Path,
) -> Result<(), EvalError> {
    let mut mean = predictions(lead)?;
    for other in others {
        let theirs: HashMap<String, Prediction> =
            predictions(other)?.into_iter().map(|p| (p.id.clone(), p)).collect();
        let strange = || {
            EvalError::OtherRun {
            path: other.1.clone(),
            what: "other test utterances or continuous targets; runs of different seeds share their folds by the same \
                   --fold-seed"
                .to_owned(),
        }
        };
        if theirs.len() != mean.len() {
            return Err(strange());
        }
        for sum in &mut mean {
            let other = theirs.get(&sum.id).filter(|p| p.truth == sum.truth).ok_or_else(strange)?;
            let probabilities = sum.probabilities.iter_mut().zip(&other.probabilities);
            probabilities.for_each(|(sum, p)| *sum += p);
            if !DimensionPrediction::add_all(&mut sum.dimensions, &other.dimensions) {
                return Err(strange());
            }
        }
    }
    let count = others.len() + 1;
    let mean: Vec<Prediction> = mean
        .into_iter()
        .map(|sum| {
            let log = |p: &f64| (p / count as f64).max(f64::MIN_POSITIVE).ln();
            let logits = sum.probabilities.iter().map(log).collect();
            let mut dimensions = sum.dimensions;
            dimensions.iter_mut().for_each(|it| it.predicted /= count as f64);
            Prediction::new(sum.id, sum.truth, logits, &ProbabilityCalibration::default())
                .with_speaker(sum.speaker.as_deref())
                .with_dimensions(dimensions)
        })
        .collect();
    let (outcome, classes) = (&lead.0, lead.0.labels.len());
    let metrics = Metrics::of(mean.iter().map(|p| (p.truth, p.predicted)), classes);
    let protocols =
        [outcome].into_iter().chain(others.iter().map(|(other, _)| other)).map(|o| &o.protocol);
    let environment = outcome.metrics.environment.clone().filter(|environment| {
        others.iter().all(|(other, _)| other.metrics.environment.as_ref() == Some(environment))
    });
    let seconds = others.iter().map(|(other, _)| other.metrics.seconds).sum::<f64>();
    let outcome = FoldRecord {
        protocol: of_all(protocols).unwrap_or_else(|| outcome.protocol.clone()),
        metrics: FoldMetrics {
            ua: metrics.ua,
            wa: metrics.wa,
            macro_f1: metrics.macro_f1,
            confusion: metrics.confusion,
            dimensions: DimensionScores::of(&mean),
            seconds: outcome.metrics.seconds + seconds,
            held_out_scaling: None,
            validation: None,
            environment,
            ..outcome.metrics.clone()
        },
        labels: outcome.labels.clone(),
    };
    create_folder(folder)?;
    write_predictions(&folder.join("predictions.jsonl"), &mean)?;
    let mut sums = Checksums::default();
    sums.set_file(folder, "predictions.jsonl")?;
    sums.write(folder)?;
    write_record(folder, "metrics.json", &outcome)
}

fn predictions((outcome, folder): &(FoldRecord, PathBuf)) -> Result<Vec<Prediction>, EvalError> {
    match predictions_of(outcome, folder)? {
        Some(theirs) => Ok(theirs.predictions),
        None => Err(EvalError::Empty(format!("{} has no predictions.jsonl", folder.display()))),
    }
}
