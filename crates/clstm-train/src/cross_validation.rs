//! The folds of a protocol, one training each.

use std::path::{Path, PathBuf};

use clstm::Recognizer;
use clstm_corpus::{AllowedLeakage, Fold, Split, check_leakage, folds_allowing};
use clstm_nn::burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::calibration::{FoldPredictions, fit_held_out, hold_out};
use crate::earlier::{describe_start, model_of_fold, start_of_fold, teachers_of_runs};
use crate::prediction::write_predictions;
use crate::run::{begin_run, make_folder, read_json, write_json};
use crate::{
    Dataset, DeepFeatures, Environment, Event, FoldMetrics, FoldValidation, Metrics, Observer,
    Protocol, Recipe, RunCalibration, RunMetrics, Stop, Teacher, TrainError, TrainingSet,
    hold_out_validation, read_predictions, train,
};

/// A cross-validation.
#[derive(Clone, Debug)]
pub struct CrossValidation {
    /// How the utterances are split.
    pub split: Split,
    /// Number of folds.
    pub folds: usize,
    /// What may be on both sides of a fold; the protocol tells what is.
    pub allowed: AllowedLeakage,
    /// Only this fold (from 1), as a job of its own.
    pub only: Option<usize>,
    /// Followed by every fold.
    pub recipe: Recipe,
    /// Seed of the split; that of the recipe where there is none.
    pub fold_seed: Option<u64>,
    /// What the trainings start from instead of drawn weights: a model file of other corpora, or a run of the same
    /// folds, each fold from its model of the same one.
    pub init: Option<PathBuf>,
    /// Runs of the same folds whose models give part of the targets, see [`Teacher`](crate::Teacher); a
    /// fold's training hears those of the same fold.
    pub teachers: Vec<PathBuf>,
    /// What computes.
    pub device: Device,
    /// The run's folder.
    pub out: PathBuf,
}

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

impl CrossValidation {
    pub(crate) fn protocol(&self, dataset: &Dataset, folds: &[Fold]) -> Protocol {
        Protocol {
            fold_seed: self.fold_seed,
            preset: self.recipe.preset.clone(),
            epochs: self.recipe.epochs,
            validation: self.recipe.validation.is_on().then_some(self.recipe.validation),
            precision: self.recipe.precision.to_string(),
            ..Protocol::of(dataset, self.split, folds, self.recipe.seed)
        }
    }

    /// Whether a fold is done or begun.
    pub(crate) fn holds(&self, number: usize) -> bool {
        let folder = self.fold_folder(number);
        ["metrics.json", "checkpoint.safetensors"].iter().any(|name| folder.join(name).exists())
    }

    fn fold_folder(&self, number: usize) -> PathBuf {
        self.out.join(format!("fold-{number}"))
    }
}

/// Trains and tests every fold that is not done yet, and joins those that are. With `resume`, a run
/// that was interrupted goes on where it was.
///
/// # Errors
/// [`TrainError::RunExists`] without `resume` where the folder holds a run; those of [`train`].
pub fn cross_validate(
    run: &CrossValidation,
    dataset: &Dataset,
    resume: bool,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Result<RunMetrics, TrainError> {
    run.recipe.validate()?;
    let seed = run.fold_seed.unwrap_or(run.recipe.seed);
    let (corpus, groups) = (&dataset.corpus, &dataset.groups);
    let all = folds_allowing(corpus, groups, run.split, run.folds, seed, run.allowed)?;
    let started_from = run.init.as_deref().map(describe_start).transpose()?;
    let taught_by = teachers_of_runs(&run.teachers)?;
    let protocol = Protocol { started_from, taught_by, ..run.protocol(dataset, &all) };
    let chosen: Vec<&Fold> =
        all.iter().filter(|f| run.only.is_none_or(|only| only == f.number)).collect();
    if chosen.is_empty() {
        let only = run.only.unwrap_or_default();
        let message = format!("there is no fold {only}; the folds are 1 to {}", run.folds);
        return Err(TrainError::Recipe(message));
    }
    if !resume && chosen.iter().any(|fold| run.holds(fold.number)) {
        return Err(TrainError::RunExists { path: run.out.clone() });
    }
    begin_run(&run.out, &run.recipe)?;
    for fold in chosen {
        let leakage = check_leakage(corpus, groups, fold, run.split);
        run.allowed.but_for(leakage).into_result()?;
        run_fold(run, dataset, fold, protocol.clone(), stop, observer)?;
    }
    join_folds(&run.out)
}

fn run_fold(
    run: &CrossValidation,
    dataset: &Dataset,
    fold: &Fold,
    protocol: Protocol,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let folder = run.fold_folder(fold.number);
    let (books, checkpoint) = (folder.join("metrics.json"), folder.join("checkpoint.safetensors"));
    if books.exists() {
        let outcome: FoldOutcome = read_json(&books)?;
        if outcome.protocol != protocol {
            let what = "another protocol".to_owned();
            return Err(TrainError::OtherRun { path: folder, what });
        }
        let (fold, metrics) = (fold.number, outcome.metrics.metrics());
        observer.on_event(&Event::FoldDone { fold, metrics, resumed: true });
        return Ok(());
    }
    make_folder(&folder)?;
    let recipe = &run.recipe;
    let ids: Vec<&str> =
        fold.test.iter().map(|&i| dataset.corpus.utterances[i].id.as_str()).collect();
    let earlier = |run: &PathBuf| model_of_fold(run, &protocol, fold.number, &ids);
    let start = |path: &PathBuf| start_of_fold(path, &protocol, fold.number, &ids);
    let init = run.init.as_ref().map(start).transpose()?;
    let teachers = run.teachers.iter().map(earlier).collect::<Result<Vec<_>, _>>()?;
    let teacher = match teachers.is_empty() {
        true => None,
        false => Some(Teacher::new(&teachers, recipe.precision)?),
    };
    // The inner split of a nested validation: the test part has no say in it.
    let by = run.split.hold_out();
    let inner = hold_out_validation(dataset, fold, by, run.allowed, recipe)?;
    let outer = Fold {
        train: inner.as_ref().map_or_else(|| fold.train.clone(), |cut| cut.train.clone()),
        ..fold.clone()
    };
    let held_out = hold_out(dataset, &outer, by, run.allowed, recipe)?;
    let train_set = held_out.as_ref().map_or(&outer.train[..], |cut| &cut.train);
    let validation = inner.as_ref().map_or(&[][..], |cut| &cut.validation);
    let test = &fold.test[..];
    let number = Some((fold.number, run.folds));
    let set = TrainingSet {
        dataset,
        train: train_set,
        validation,
        test,
        init: init.as_ref(),
        teacher: teacher.as_ref(),
        fold: number,
    };
    let fitted = held_out.as_ref().map_or(String::new(), |cut| {
        format!("its confidences scaled on {} more, ", cut.validation.len())
    });
    let validated = match validation.len() {
        0 => String::new(),
        count => format!("validated on {count} more, "),
    };
    let sentence = format!(
        "fold {} of {}: trained on {} utterances, {validated}{fitted}the other {} held out",
        fold.number,
        protocol.describe(),
        train_set.len(),
        test.len()
    );
    let mut trained = train(set, recipe, &run.device, &sentence, &checkpoint, stop, observer)?;
    let scaling = match &held_out {
        Some(cut) => Some(fit_held_out(&mut trained, dataset, &cut.validation, &run.device)?),
        None => None,
    };
    let Some(evaluation) = trained.evaluation else {
        return Err(TrainError::Empty(format!("fold {} has no test utterances", fold.number)));
    };
    let metrics = evaluation.metrics;
    trained.model.info.training.scores.push(clstm::Score {
        protocol: sentence,
        ua: metrics.ua,
        wa: metrics.wa,
        macro_f1: metrics.macro_f1,
        folds: 1,
    });
    let said = FoldPredictions {
        fold: fold.number,
        held_out: scaling.clone(),
        predictions: evaluation.predictions,
    };
    let calibration =
        RunCalibration::of(std::slice::from_ref(&said), &protocol.describe(), run.folds);
    trained.model.info.calibration = calibration.map(|calibration| calibration.summary());
    trained.model.write(&folder.join("model.safetensors"))?;
    write_json(&folder.join("history.json"), &trained.history)?;
    write_predictions(&folder.join("predictions.jsonl"), &said.predictions)?;
    let recognizer = Recognizer::on(trained.model, &run.device)?;
    DeepFeatures::of(&recognizer, dataset, [train_set, test], &checkpoint)?
        .write(&folder.join("features.safetensors"))?;
    write_json(&folder.join("environment.json"), &Environment::here(&run.device))?;
    let speakers = |of: &[usize]| -> Vec<String> {
        dataset.corpus.speakers_of(of).into_iter().map(str::to_owned).collect()
    };
    let outcome = FoldOutcome {
        metrics: FoldMetrics {
            fold: fold.number,
            ua: metrics.ua,
            wa: metrics.wa,
            macro_f1: metrics.macro_f1,
            confusion: metrics.confusion.clone(),
            test_speakers: speakers(&fold.test),
            train_utterances: train_set.len(),
            test_utterances: test.len(),
            seconds: trained.seconds,
            held_out_scaling: scaling,
            validation: inner.as_ref().map(|cut| FoldValidation {
                utterances: cut.validation.len(),
                speakers: speakers(&cut.validation),
                epochs: trained.history.len(),
                epoch: trained.epoch,
            }),
        },
        protocol,
        labels: dataset.corpus.labels.clone(),
    };
    // The books last: a fold that has them is done.
    write_json(&books, &outcome)?;
    observer.on_event(&Event::FoldDone { fold: fold.number, metrics, resumed: false });
    Ok(())
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
