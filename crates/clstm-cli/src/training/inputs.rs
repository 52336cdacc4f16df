//! The arguments that a run is recorded with.

use std::path::PathBuf;

use clstm_eval::{CorpusInput, RunInputs};

use crate::args::{FoldArgs, TrainingArgs};

/// The arguments of a cross-validation that neither its recipe nor its protocol has.
pub(crate) fn inputs(
    training: &TrainingArgs,
    folds: &FoldArgs,
    init: Option<&PathBuf>,
    teachers: &[PathBuf],
) -> RunInputs {
    let text = |path: &PathBuf| path.display().to_string();
    let choice = &training.choice;
    let corpora = choice.corpus.iter().zip(&choice.data);
    let target = &choice.classes.target;
    let allowed = folds.leakage.allowed();
    let allowed = [(allowed.speakers, "speakers"), (allowed.copies, "copies")];
    RunInputs {
        corpora: corpora
            .map(|(corpus, data)| CorpusInput { corpus: corpus.clone(), data: text(data) })
            .collect(),
        target: (!target.is_default()).then(|| target.to_string()),
        label_map: choice.classes.label_map.as_ref().map(text),
        allow_leakage: allowed
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| name.to_owned())
            .collect(),
        init: init.map(text),
        teachers: teachers.iter().map(text).collect(),
        ensemble_of: Vec::new(),
    }
}
