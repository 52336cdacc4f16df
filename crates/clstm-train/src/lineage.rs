//! Models of earlier trainings, for trainings that build on them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clstm::{Model, TrainingInfo};
use clstm_corpus::{shares_corpus, shares_speakers};
use clstm_eval::files::read_json;
use clstm_eval::{Ancestor, EvalProtocol, FoldRecord, Lineage, finished_folds, predictions_of};

use crate::{InitialModel, Recipe, Teacher, TrainError};

/// The lineage of a training: the model that it starts from, and its teachers.
#[must_use]
pub fn lineage_of(init: Option<&Model>, teacher: Option<&Teacher>) -> Lineage {
    let teachers = || teacher.into_iter().flat_map(Teacher::models);
    let corpora = init.map(|init| corpora_of(&init.info.training)).into_iter().flatten();
    let corpora: BTreeSet<String> =
        corpora.chain(teachers().flat_map(|(_, all)| all.clone())).collect();
    Lineage {
        initialized_from: init.map(|init| ancestor(&init.info.training)),
        distilled_from: teachers().map(|(model, _)| model.clone()).collect(),
        pretraining_corpora: corpora.into_iter().collect(),
    }
}

/// The corpora that a model was trained on, and those of the models that it builds on.
pub(crate) fn corpora_of(training: &TrainingInfo) -> Vec<String> {
    let own = std::iter::once(&training.corpus);
    own.chain(&training.lineage.pretraining_corpora).cloned().collect()
}

/// A model as one that others build on.
pub(crate) fn ancestor(training: &TrainingInfo) -> Ancestor {
    // Validation may have chosen weights of an earlier epoch.
    let recipe = training.recipe.get("epochs").and_then(serde_json::Value::as_u64);
    let epochs = recipe.and_then(|epochs| usize::try_from(epochs).ok());
    Ancestor {
        preset: training.preset.clone(),
        epochs: Some(epochs.unwrap_or(training.epochs)),
        corpus: Some(training.corpus.clone()),
        initialized_from: training.lineage.initialized_from.clone().map(Box::new),
        distilled_from: training.lineage.distilled_from.clone(),
    }
}

/// [`lineage_of`] a cross-validation that starts from `init` and has the models of the runs `teachers` for teachers.
pub(crate) fn lineage_of_run(
    init: Option<&InitialModel>,
    teachers: &[PathBuf],
) -> Result<Lineage, TrainError> {
    let mut corpora = BTreeSet::new();
    let mut of_run = |path: &Path| -> Result<Ancestor, TrainError> {
        let protocol = finished_folds(path)?.swap_remove(0).0.protocol;
        corpora.insert(protocol.corpus.clone());
        corpora.extend(protocol.lineage.pretraining_corpora);
        Ok(Ancestor {
            preset: protocol.preset,
            epochs: Some(protocol.epochs),
            corpus: Some(protocol.corpus),
            initialized_from: protocol.lineage.initialized_from.map(Box::new),
            distilled_from: protocol.lineage.distilled_from,
        })
    };
    let distilled_from = teachers.iter().map(|run| of_run(run)).collect::<Result<_, _>>()?;
    let initialized_from = match init {
        None => None,
        Some(InitialModel::Run(run)) => Some(of_run(run)?),
        Some(InitialModel::Model { model, .. }) => {
            corpora.extend(corpora_of(&model.info.training));
            Some(ancestor(&model.info.training))
        }
    };
    Ok(Lineage {
        initialized_from,
        distilled_from,
        pretraining_corpora: corpora.into_iter().collect(),
    })
}

/// Refuses initial weights that were trained on what the recipe holds out of each fold's training.
pub(crate) fn check_start(init: &InitialModel, recipe: &Recipe) -> Result<(), TrainError> {
    match (init, recipe.holds_out()) {
        (InitialModel::Run(path), Some(key)) => {
            let what = format!("its models were trained on what {key} would hold out");
            Err(TrainError::Earlier { path: path.clone(), what })
        }
        // A model is of another corpus.
        (InitialModel::Model { .. }, _) | (_, None) => Ok(()),
    }
}

/// Refuses an initial model that may have been trained on the utterances by which the recipe ends a training and
/// chooses its weights.
///
/// # Errors
/// [`TrainError::Recipe`] where `validation.share` is set and the model, or what it builds on, was trained on
/// `corpus`.
pub fn check_init(init: &Model, recipe: &Recipe, corpus: &str) -> Result<(), TrainError> {
    let corpora = corpora_of(&init.info.training);
    match corpora.iter().find(|name| shares_corpus(name, corpus)) {
        Some(name) if recipe.validation.is_on() => Err(TrainError::Recipe(format!(
            "the initial model, or one that it builds on, was trained on {name} and perhaps on what \
             validation.share would hold out; leave one of the two out"
        ))),
        _ => Ok(()),
    }
}

/// The model that a fold starts from: a model of other corpora, or what a run has of the fold.
///
/// # Errors
/// [`TrainError::Earlier`] where it may have been trained on what the fold tests on.
pub(crate) fn start_of_fold(
    init: &InitialModel,
    protocol: &EvalProtocol,
    fold: usize,
    test: &[&str],
) -> Result<Model, TrainError> {
    let (named, model) = match init {
        InitialModel::Run(run) => return model_of_fold(run, protocol, fold, test),
        InitialModel::Model { named, model } => (named, model),
    };
    let corpora = corpora_of(&model.info.training);
    // Other recordings of the test speakers, such as RAVDESS's songs, are leakage where speakers are kept apart.
    let apart = protocol.is_speaker_independent();
    let shares = |name: &&String| {
        shares_corpus(name, &protocol.corpus) || apart && shares_speakers(name, &protocol.corpus)
    };
    if let Some(both) = corpora.iter().find(shares) {
        let what = format!(
            "it, or a model that it builds on, was trained on {both} and perhaps on what is held out here; use a run \
             on the same folds"
        );
        return Err(TrainError::Earlier { path: named.clone(), what });
    }
    Ok(Model::clone(model))
}

/// The model that a run has of a fold. It was not trained on what the fold tests on: its run was of the same
/// protocol and tested on the same utterances, `test`.
///
/// # Errors
/// [`TrainError::Earlier`] where it was not, or the fold is not done.
pub(crate) fn model_of_fold(
    run: &Path,
    protocol: &EvalProtocol,
    fold: usize,
    test: &[&str],
) -> Result<Model, TrainError> {
    let bad = |what: String| TrainError::Earlier { path: run.to_owned(), what };
    let folder = run.join(format!("fold-{fold}"));
    let record = folder.join("metrics.json");
    if !record.exists() {
        return Err(bad(format!("it has no finished fold {fold}")));
    }
    let outcome: FoldRecord = read_json(&record)?;
    if outcome.protocol.without_training() != protocol.without_training() {
        let (theirs, ours) = (outcome.protocol.describe(), protocol.describe());
        return Err(bad(format!("it is of another protocol: {theirs}; {ours}")));
    }
    let Some(found) = predictions_of(&outcome, &folder)? else {
        return Err(bad(format!("its fold {fold} has no predictions.jsonl")));
    };
    let mut tested: Vec<&str> = found.predictions.iter().map(|p| p.id.as_str()).collect();
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
