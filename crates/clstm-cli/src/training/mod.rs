//! What the commands that train share.

pub(crate) mod ablation;
pub(crate) mod calibration;
mod clock;
#[cfg(unix)]
mod live;
mod progress;
pub(crate) mod report;
pub(crate) mod scores;
pub(crate) mod seeds;
mod watchers;

use std::collections::BTreeSet;
use std::path::Path;

use clstm::audio::DecodeLimits;
use clstm::nn::Preset;
use clstm_corpus::{AllowedLeakage, Corpus, Split, folds_allowing};
use clstm_train::{Dataset, Recipe, Stop};
use serde::Serialize;

use crate::args::TrainingArgs;
use crate::corpora;
use crate::failure::Failure;
use crate::interrupt;
use crate::notes::{note, warn};
use crate::table::printable;

pub(crate) use watchers::{About, Watchers};

/// The corpus and the recipe that the arguments ask for.
pub(crate) fn open(args: &TrainingArgs, preset: Preset) -> Result<(Corpus, Recipe), Failure> {
    let corpus = corpora::open(&args.choice)?;
    let changes = Changes::of(args)?;
    let of_preset = Recipe::new(preset, corpus.labels.len());
    let own = of_preset.clone().for_corpus(&corpus.class_counts());
    let recipe = own.with_changes(changes.file.as_ref(), &changes.pairs);
    // Whatever is wrong with a recipe was written by the caller.
    let recipe = recipe.map_err(|error| Failure::Usage(error.to_string()))?;
    if recipe.preset != preset.name() {
        let message = format!("preset is set with --preset {}, not as a setting", recipe.preset);
        return Err(Failure::Usage(message));
    }
    check_classes(&recipe, &corpus)?;
    tell_of_corpus(&corpus, &of_preset, &own, &recipe);
    Ok((corpus, recipe))
}

/// Says what the corpus changes of the preset, as far as the caller does not decide it.
fn tell_of_corpus(corpus: &Corpus, preset: &Recipe, own: &Recipe, recipe: &Recipe) {
    if own.epochs != preset.epochs && recipe.epochs == own.epochs {
        note(&format!(
            "{} utterances are few: {} epochs rather than {} (--epochs N decides)",
            corpus.utterances.len(),
            own.epochs,
            preset.epochs
        ));
    }
    let changed = own.logit_adjustment != preset.logit_adjustment;
    if changed && recipe.logit_adjustment == own.logit_adjustment {
        let counts = corpus.class_counts();
        let classes = || counts.iter().zip(&corpus.labels).filter(|(count, _)| **count > 0);
        if let (Some(most), Some(least)) = (classes().max(), classes().min()) {
            note(&format!(
                "{} {}, {} {}: classes are learnt as if equally common (--set logit_adjustment=0 for as they are)",
                most.0,
                printable(most.1),
                least.0,
                printable(least.1)
            ));
        }
    }
}

/// Refuses a recipe for another number of classes than the corpus has.
pub(crate) fn check_classes(recipe: &Recipe, corpus: &Corpus) -> Result<(), Failure> {
    let (classes, labels) = (recipe.network.classes, corpus.labels.len());
    if classes == labels {
        return Ok(());
    }
    let message = format!("network.classes is {classes}, but {} has {labels}", corpus.name);
    Err(Failure::Usage(message))
}

/// What the arguments change of a recipe.
pub(crate) struct Changes {
    /// Of --config.
    pub(crate) file: Option<toml::Table>,
    /// Of --set and of the options that have names of their own.
    pub(crate) pairs: Vec<(String, String)>,
}

impl Changes {
    pub(crate) fn of(args: &TrainingArgs) -> Result<Self, Failure> {
        let file = args.config.as_deref().map(read_toml).transpose()?;
        let mut pairs = args.set.clone();
        let mut set = |key: &str, value: Option<String>| {
            pairs.extend(value.map(|value| (key.to_owned(), value)));
        };
        set("epochs", args.epochs.map(|n| n.to_string()));
        set("seed", args.seed.map(|n| n.to_string()));
        set("precision", args.precision.map(|p| p.to_string()));
        Ok(Self { file, pairs })
    }
}

fn read_toml(path: &Path) -> Result<toml::Table, Failure> {
    let usage = |error: &dyn std::fmt::Display| {
        Failure::Usage(format!("--config {}: {error}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|e| usage(&e))?;
    text.parse().map_err(|e| usage(&e))
}

/// Decodes the corpus.
pub(crate) fn load(corpus: Corpus, recipe: &Recipe) -> Result<Dataset, Failure> {
    note(&format!("reading {} recordings of {}", corpus.utterances.len(), corpus.name));
    Ok(Dataset::load(corpus, &recipe.frontend, &DecodeLimits::default())?)
}

/// Says which classes a fold cannot learn: all their utterances are in its test part.
pub(crate) fn warn_of_classes(dataset: &Dataset, split: Split, folds: usize, seed: u64) {
    let corpus = &dataset.corpus;
    // What cannot be split, and what leaks, is told of where the folds are trained.
    let anything = AllowedLeakage { speakers: true, copies: true };
    let all = folds_allowing(corpus, &dataset.groups, split, folds, seed, anything);
    let all = all.unwrap_or_default();
    for fold in all {
        let trained: BTreeSet<usize> = fold.train.iter().map(|&i| dataset.label(i)).collect();
        let tested: BTreeSet<usize> = fold.test.iter().map(|&i| dataset.label(i)).collect();
        let missed = tested.difference(&trained).map(|&c| corpus.labels[c].as_str());
        let missed: Vec<&str> = missed.collect();
        if !missed.is_empty() {
            warn(&format!(
                "fold {} trains without the classes {}: its test part has all of their utterances, \
                 and will find none; fewer folds may help",
                fold.number,
                printable(&missed.join(", "))
            ));
        }
    }
}

/// The recipe of a run, where there is one.
pub(crate) fn read_recipe(path: &Path) -> Result<Option<Recipe>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Failed(format!("cannot read {}: {error}", path.display()))
    };
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|e| failed(&e)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// Writes JSON for people and programs, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let name = path.display().to_string();
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::Failed(format!("cannot write {name}: {error}")))?;
    text.push(b'\n');
    clstm::write_atomic(path, &text).map_err(|error| Failure::writing(&name, &error))
}

/// Ctrl-C and SIGTERM (what batch systems send first) end a training at its next step, its state saved; a
/// second one ends the process.
pub(crate) fn stop_on_interrupt() -> Result<&'static Stop, Failure> {
    interrupt::stop_on_interrupt(|| {
        #[cfg(unix)]
        if crate::terminal::is_taken() {
            return; // the view says so
        }
        note("stopping at the next step, to save; Ctrl-C again ends at once, without saving");
    })
}
