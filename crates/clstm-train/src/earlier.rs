//! Models of earlier trainings, for trainings that build on them.

use std::fmt;
use std::path::{Path, PathBuf};

use clstm::{Model, TrainingInfo};
use clstm_corpus::shares_corpus;

use crate::books::{finished_folds, predictions_of};
use crate::run::read_json;
use crate::{FoldOutcome, Protocol, Recipe, Teacher, TrainError};

/// What a training builds on, in words; nothing of what it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuiltOn {
    /// The model that it starts from.
    pub started_from: Option<String>,
    /// The models that teach it.
    pub taught_by: Option<String>,
}

impl BuiltOn {
    /// Of the model that a training starts from and of its teacher.
    #[must_use]
    pub fn of(init: Option<&Model>, teacher: Option<&Teacher>) -> Self {
        Self {
            started_from: init.map(|init| as_start(&init.info.training)),
            taught_by: teacher.map(Teacher::name),
        }
    }
}

/// `, started from ..., taught by ...`: to go behind a protocol; empty where weights were drawn and labels taught.
impl fmt::Display for BuiltOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, name) in [("started from", &self.started_from), ("taught by", &self.taught_by)] {
            if let Some(name) = name {
                write!(f, ", {what} {name}")?;
            }
        }
        Ok(())
    }
}

/// The corpora that a model has heard, by itself and through what it builds on.
pub(crate) fn heard_by(training: &TrainingInfo) -> Vec<String> {
    let own = std::iter::once(&training.corpus);
    own.chain(&training.heard_before).cloned().collect()
}

/// What a model is, as a teacher.
pub(crate) fn as_teacher(training: &TrainingInfo) -> String {
    taught(&training.preset, training.taught_by.as_deref())
}

/// What a model is, as the start of another training.
fn as_start(training: &TrainingInfo) -> String {
    // Validation may have chosen weights of an earlier epoch.
    let recipe = training.recipe.get("epochs").and_then(serde_json::Value::as_u64);
    let epochs = recipe.and_then(|epochs| usize::try_from(epochs).ok()).unwrap_or(training.epochs);
    started(as_teacher(training), epochs, &training.corpus, training.started_from.as_deref())
}

fn taught(preset: &str, by: Option<&str>) -> String {
    by.map_or(preset.to_owned(), |by| format!("{preset} (taught by {by})"))
}

fn started(model: String, epochs: usize, corpus: &str, from: Option<&str>) -> String {
    let from = from.map_or(String::new(), |from| format!(", itself started from {from}"));
    format!("{model} of {epochs} epochs on {corpus}{from}")
}

/// [`as_start`] of a model file, or of the models of a run.
pub(crate) fn describe_start(path: &Path) -> Result<String, TrainError> {
    if path.is_file() {
        return Ok(as_start(&Model::read(path)?.info.training));
    }
    let Protocol { preset, epochs, corpus, started_from, taught_by, .. } = protocol_of(path)?;
    let model = taught(&preset, taught_by.as_deref());
    Ok(started(model, epochs, &corpus, started_from.as_deref()))
}

fn protocol_of(run: &Path) -> Result<Protocol, TrainError> {
    Ok(finished_folds(run)?.swap_remove(0).0.protocol)
}

/// [`as_teacher`] of the models of runs, joined by `+`; none without runs.
pub(crate) fn teachers_of_runs(runs: &[PathBuf]) -> Result<Option<String>, TrainError> {
    let name = |run: &PathBuf| {
        protocol_of(run).map(|protocol| taught(&protocol.preset, protocol.taught_by.as_deref()))
    };
    let names: Vec<String> = runs.iter().map(name).collect::<Result<_, _>>()?;
    Ok((!names.is_empty()).then(|| names.join("+")))
}

/// Refuses a start that has heard what the recipe holds out of each fold's training.
pub(crate) fn check_start(path: &Path, recipe: &Recipe) -> Result<(), TrainError> {
    match recipe.holds_out() {
        // A file is of another corpus.
        Some(key) if !path.is_file() => {
            let what = format!("its models have heard what {key} would hold out");
            Err(TrainError::Earlier { path: path.to_owned(), what })
        }
        _ => Ok(()),
    }
}

/// Refuses a starting model that may have heard the utterances by which the recipe ends a training and chooses
/// its weights.
///
/// # Errors
/// [`TrainError::Recipe`] where `validation.share` is set and the model, or what it builds on, was trained on
/// `corpus`.
pub fn check_init(init: &Model, recipe: &Recipe, corpus: &str) -> Result<(), TrainError> {
    let heard = heard_by(&init.info.training);
    match heard.iter().find(|name| shares_corpus(name, corpus)) {
        Some(name) if recipe.validation.is_on() => Err(TrainError::Recipe(format!(
            "the starting model, or what it builds on, was trained on {name} and may have heard what \
             validation.share would hold out; leave one of the two out"
        ))),
        _ => Ok(()),
    }
}

/// The model that a fold starts from: a model file of other corpora, or what a run has of the fold.
///
/// # Errors
/// [`TrainError::Earlier`] where it may have heard what the fold tests on.
pub(crate) fn start_of_fold(
    path: &Path,
    protocol: &Protocol,
    fold: usize,
    test: &[&str],
) -> Result<Model, TrainError> {
    if !path.is_file() {
        return model_of_fold(path, protocol, fold, test);
    }
    let model = Model::read(path)?;
    let heard = heard_by(&model.info.training);
    if let Some(both) = heard.iter().find(|name| shares_corpus(name, &protocol.corpus)) {
        let what = format!(
            "it, or what it builds on, was trained on {both} and may have heard what is held out here; a run of \
             the same folds will do"
        );
        return Err(TrainError::Earlier { path: path.to_owned(), what });
    }
    Ok(model)
}

/// The model that a run has of a fold. It has not heard what the fold tests on: its run was of the same
/// protocol and tested on the same utterances, `test`.
///
/// # Errors
/// [`TrainError::Earlier`] where it was not, or the fold is not done.
pub(crate) fn model_of_fold(
    run: &Path,
    protocol: &Protocol,
    fold: usize,
    test: &[&str],
) -> Result<Model, TrainError> {
    let bad = |what: String| TrainError::Earlier { path: run.to_owned(), what };
    let folder = run.join(format!("fold-{fold}"));
    let books = folder.join("metrics.json");
    if !books.exists() {
        return Err(bad(format!("it has no finished fold {fold}")));
    }
    let outcome: FoldOutcome = read_json(&books)?;
    if outcome.protocol.of_any_model() != protocol.of_any_model() {
        let (theirs, ours) = (outcome.protocol.describe(), protocol.describe());
        return Err(bad(format!("it is of another protocol: {theirs}; {ours}")));
    }
    let Some(said) = predictions_of(&outcome, &folder)? else {
        return Err(bad(format!("its fold {fold} has no predictions.jsonl")));
    };
    let mut tested: Vec<&str> = said.predictions.iter().map(|p| p.id.as_str()).collect();
    let mut test = test.to_vec();
    tested.sort_unstable();
    test.sort_unstable();
    if tested != test {
        let what =
            "was tested on other utterances: its model may have trained on those held out here";
        return Err(bad(format!("its fold {fold} {what}")));
    }
    Ok(Model::read(&folder.join("model.safetensors"))?)
}
