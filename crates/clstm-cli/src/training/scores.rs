//! Cross-validated scores for a model of the whole corpus.

use std::path::{Path, PathBuf};

use clstm::Score;
use clstm_corpus::Corpus;
use clstm_train::{Lineage, Recipe, RunMetrics};

use super::read_recipe;
use crate::error::CliError;
use crate::text::PathText;

/// Earlier cross-validations by the same recipe, which measure this model.
///
/// A run by another recipe is rejected. Its seed may differ: the scores measure the recipe, not these weights.
pub(crate) fn read<'a>(
    paths: &'a [PathBuf],
    corpus: &Corpus,
    recipe: &Recipe,
    lineage: &Lineage,
) -> Result<Vec<(&'a Path, RunMetrics)>, CliError> {
    let read = |path: &'a PathBuf| Ok((path.as_path(), read_one(path, corpus, recipe, lineage)?));
    paths.iter().map(read).collect()
}

fn read_one(
    path: &Path,
    corpus: &Corpus,
    recipe: &Recipe,
    lineage: &Lineage,
) -> Result<RunMetrics, CliError> {
    let run = RunMetrics::read(path)?;
    let RunMetrics { protocol, labels, .. } = &run;
    let other = |what: &str, theirs: &str, ours: &str| {
        let path = path.text();
        Err(CliError::Failed(format!(
            "--scores {path}: its {what} is {theirs}, this recipe's {ours}: it does not measure this model"
        )))
    };
    let target = corpus.target_name();
    let named = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
    let pairs = [
        ("corpus", protocol.corpus.as_str(), corpus.name.as_str()),
        ("target", &named(&protocol.target), &named(&target)),
        ("label map", &named(&protocol.label_map), &named(&corpus.label_map)),
        ("preset", &protocol.preset, &recipe.preset),
        ("number of epochs", &protocol.epochs.to_string(), &recipe.epochs.to_string()),
        ("precision", &protocol.precision, recipe.precision.name()),
        ("list of labels", &labels.join(" "), &corpus.labels.join(" ")),
    ];
    for (what, theirs, ours) in pairs {
        if theirs != ours {
            return other(what, theirs, ours);
        }
    }
    if !protocol.lineage.agrees_with(lineage) {
        let words = |of: &Lineage| match of.to_string() {
            none if none.is_empty() => "none".to_owned(),
            some => some.trim_start_matches(", ").to_owned(),
        };
        return other("lineage", &words(&protocol.lineage), &words(lineage));
    }
    if let Some(theirs) = read_recipe(&path.with_file_name("recipe.json"))? {
        let same_seed = Recipe { seed: recipe.seed, ..theirs };
        if !same_seed.same_training(recipe) {
            return other("recipe.json", "another", "different");
        }
    }
    Ok(run)
}

/// The score of a run, with its protocol.
pub(crate) fn score(run: &RunMetrics) -> Score {
    let RunMetrics { protocol, folds, mean, .. } = run;
    Score {
        protocol: protocol.clone(),
        fold: None,
        ua: mean.ua,
        wa: mean.wa,
        macro_f1: mean.macro_f1,
        folds: folds.len(),
    }
}
