//! The folds of a protocol, one training each.

use std::path::{Path, PathBuf};

use clstm_corpus::{Fold, Split, check_leakage, folds};
use clstm_nn::burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::run::{begin_run, make_folder, read_json, write_json};
use crate::{
    Dataset, Event, FoldMetrics, Observer, Prediction, Protocol, Recipe, RunMetrics, Stop,
    TrainError, TrainingSet, train,
};

/// A cross-validation.
#[derive(Clone, Debug)]
pub struct CrossValidation {
    /// How the utterances are split.
    pub split: Split,
    /// Number of folds.
    pub folds: usize,
    /// Only this fold (from 1), as a job of its own.
    pub only: Option<usize>,
    /// Followed by every fold; its seed is also the split's.
    pub recipe: Recipe,
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
    fn protocol(&self, dataset: &Dataset) -> Protocol {
        Protocol {
            corpus: dataset.corpus.name.clone(),
            split: self.split.to_string(),
            folds: self.folds,
            seed: self.recipe.seed,
            preset: self.recipe.preset.clone(),
            epochs: self.recipe.epochs,
            precision: self.recipe.precision.to_string(),
            test_used_for_selection: false,
        }
    }

    /// Whether a fold is done or begun.
    fn holds(&self, fold: &Fold) -> bool {
        let folder = self.fold_folder(fold.number);
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
    let all = folds(&dataset.corpus, &dataset.groups, run.split, run.folds, run.recipe.seed)?;
    let chosen: Vec<&Fold> =
        all.iter().filter(|f| run.only.is_none_or(|only| only == f.number)).collect();
    if chosen.is_empty() {
        let only = run.only.unwrap_or_default();
        let message = format!("there is no fold {only}; the folds are 1 to {}", run.folds);
        return Err(TrainError::Recipe(message));
    }
    if !resume && chosen.iter().any(|fold| run.holds(fold)) {
        return Err(TrainError::RunExists { path: run.out.clone() });
    }
    begin_run(&run.out, &run.recipe)?;
    for fold in chosen {
        check_leakage(&dataset.corpus, &dataset.groups, fold, run.split).into_result()?;
        run_fold(run, dataset, fold, stop, observer)?;
    }
    join_folds(&run.out)
}

fn run_fold(
    run: &CrossValidation,
    dataset: &Dataset,
    fold: &Fold,
    stop: &Stop,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let folder = run.fold_folder(fold.number);
    let (books, checkpoint) = (folder.join("metrics.json"), folder.join("checkpoint.safetensors"));
    let protocol = run.protocol(dataset);
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
    let (train_set, test) = (&fold.train[..], &fold.test[..]);
    let number = Some((fold.number, run.folds));
    let set = TrainingSet { dataset, train: train_set, test, init: None, fold: number };
    let sentence = format!(
        "fold {} of {}: trained on {} utterances, the other {} held out",
        fold.number,
        protocol.describe(),
        fold.train.len(),
        fold.test.len()
    );
    let mut trained = train(set, recipe, &run.device, &sentence, &checkpoint, stop, observer)?;
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
    trained.model.write(&folder.join("model.safetensors"))?;
    write_json(&folder.join("history.json"), &trained.history)?;
    write_predictions(&folder.join("predictions.jsonl"), &evaluation.predictions)?;
    let speakers = dataset.corpus.speakers_of(&fold.test);
    let outcome = FoldOutcome {
        metrics: FoldMetrics {
            fold: fold.number,
            ua: metrics.ua,
            wa: metrics.wa,
            macro_f1: metrics.macro_f1,
            confusion: metrics.confusion.clone(),
            test_speakers: speakers.into_iter().map(str::to_owned).collect(),
            train_utterances: fold.train.len(),
            test_utterances: fold.test.len(),
            seconds: trained.seconds,
        },
        protocol,
        labels: dataset.corpus.labels.clone(),
    };
    // The books last: a fold that has them is done.
    write_json(&books, &outcome)?;
    observer.on_event(&Event::FoldDone { fold: fold.number, metrics, resumed: false });
    Ok(())
}

fn write_predictions(path: &Path, predictions: &[Prediction]) -> Result<(), TrainError> {
    let mut text = String::new();
    for prediction in predictions {
        let line = serde_json::to_string(prediction).map_err(|e| TrainError::malformed(path, e))?;
        text.push_str(&line);
        text.push('\n');
    }
    clstm::replace_file(path, text.as_bytes()).map_err(|e| TrainError::io(path, e))
}

/// Joins the folds that are done in a run's folder into its `metrics.json`.
///
/// # Errors
/// If there is none, or they are of different protocols.
pub fn join_folds(out: &Path) -> Result<RunMetrics, TrainError> {
    let mut outcomes: Vec<FoldOutcome> = Vec::new();
    let entries = std::fs::read_dir(out).map_err(|e| TrainError::io(out, e))?;
    for entry in entries {
        let path = entry.map_err(|e| TrainError::io(out, e))?.path().join("metrics.json");
        if path.exists() {
            outcomes.push(read_json(&path)?);
        }
    }
    let Some(first) = outcomes.first().cloned() else {
        return Err(TrainError::Empty(format!("{} holds no finished fold", out.display())));
    };
    if outcomes.iter().any(|o| o.protocol != first.protocol || o.labels != first.labels) {
        let what = "its folds differ in their protocols".to_owned();
        return Err(TrainError::OtherRun { path: out.to_owned(), what });
    }
    let folds = outcomes.into_iter().map(|o| o.metrics).collect();
    let metrics = RunMetrics::new(first.protocol, folds, first.labels);
    metrics.write(&out.join("metrics.json"))?;
    Ok(metrics)
}
