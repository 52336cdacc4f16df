//! Shared parts of the commands that train.

pub(crate) mod ablation;
pub(crate) mod calibration;
mod eta;
mod inputs;
pub(crate) mod jobs;
#[cfg_attr(not(feature = "terminal"), path = "live/absent.rs")]
mod live;
mod observers;
mod progress;
pub(crate) mod report;
mod run_lock;
pub(crate) mod scores;
pub(crate) mod seeds;
pub(crate) mod settings;

use std::collections::BTreeSet;
use std::path::Path;

use clstm::audio::{DecodeLimits, MAX_SETTINGS_BYTES, read_bounded, read_text_bounded};
use clstm_corpus::{AllowedLeakage, Corpus, Split, folds_allowing};
use clstm_nn::{NetworkSpec, Precision, Preset};
use clstm_train::{Dataset, Recipe, StopFlag, TrainError};
use serde::Serialize;

use crate::args::{PrecisionArg, TrainingArgs};
use crate::error::CliError;
use crate::interrupt;
use crate::messages::{note, warn};
use crate::output::OutputGuard;
use crate::resolve::{corpus, device};
use crate::text::{PathText, printable};

pub(crate) use inputs::inputs;
pub(crate) use observers::{Observers, RunDescription};
pub(crate) use run_lock::RunLock;

/// The corpus and the recipe of the arguments.
pub(crate) fn open(args: &TrainingArgs, preset: Preset) -> Result<(Corpus, Recipe), CliError> {
    let corpus = corpus::open(&args.choice)?;
    let changes = Changes::of(args)?;
    let of_preset = Recipe::new(preset, corpus.labels.len()).with_dimensions(&corpus.dimensions);
    // The preset adapted to a corpus of these counts, and with the user's changes.
    let adapt = |counts: &[usize]| -> Result<(Recipe, Recipe), CliError> {
        let own = of_preset.clone().for_corpus(counts);
        let recipe = own.with_changes(changes.file.as_ref(), &changes.pairs);
        // The recipe comes from the user alone.
        let recipe = recipe.map_err(|error| {
            CliError::Usage(format!("{error} (`clstm train --list-settings` lists all settings)"))
        })?;
        Ok((own, recipe))
    };
    let mut counts = corpus.class_counts();
    let (mut own, mut recipe) = adapt(&counts)?;
    if recipe.sampling.shots > 0 {
        counts.iter_mut().for_each(|count| *count = recipe.sampling.shots.min(*count));
        (own, recipe) = adapt(&counts)?;
    }
    if recipe.preset != preset.name() {
        let message = format!("preset is set with --preset {}, not as a setting", recipe.preset);
        return Err(CliError::Usage(message));
    }
    check_classes(&recipe, &corpus)?;
    print_adaptations(&corpus.labels, &counts, [&of_preset, &own, &recipe]);
    print_frozen_layers(&recipe)?;
    print_threads();
    Ok((corpus, recipe))
}

/// The files that a training reads, which none of its outputs may replace.
pub(crate) fn guard(args: &TrainingArgs, corpus: &Corpus) -> OutputGuard {
    let mut guard = OutputGuard::new(false);
    corpus::guard(&mut guard, &args.choice, corpus);
    guard.optional_input("the configuration", args.config.as_deref());
    guard
}

/// Prints the threads of the training. The time of a step is not known before the first ones.
fn print_threads() {
    let threads = rayon::current_num_threads();
    let cores = std::thread::available_parallelism().map_or(threads, usize::from);
    note(&format!(
        "{threads} threads on {cores} cores (--threads N); an estimate of the time follows after the first steps"
    ));
}

/// Prints the layers that the training does not change, where there are some.
fn print_frozen_layers(recipe: &Recipe) -> Result<(), CliError> {
    if recipe.frozen_layers == 0 {
        return Ok(());
    }
    let spec = NetworkSpec::new(&recipe.network).map_err(TrainError::from)?;
    let frozen = spec.branches.iter().enumerate().flat_map(|(branch, layers)| {
        let layers = layers.layers_with_tensors().take(recipe.frozen_layers);
        layers.map(move |layer| match branch {
            0 => layer.path.clone(),
            _ => format!("branches.{}.{}", branch - 1, layer.path),
        })
    });
    note(&format!("frozen layers: {}", frozen.collect::<Vec<_>>().join(", ")));
    Ok(())
}

/// Prints the settings of the preset that were adapted to a corpus with these counts of utterances of each label, unless
/// the user has set them.
fn print_adaptations(labels: &[String], counts: &[usize], [preset, own, recipe]: [&Recipe; 3]) {
    if own.epochs != preset.epochs && recipe.epochs == own.epochs {
        note(&format!(
            "{} utterances are few: {} epochs instead of {} (override with --epochs N)",
            counts.iter().sum::<usize>(),
            own.epochs,
            preset.epochs
        ));
    }
    let changed = own.logit_adjustment != preset.logit_adjustment;
    if changed && recipe.logit_adjustment == own.logit_adjustment {
        let classes = || counts.iter().zip(labels).filter(|(count, _)| **count > 0);
        if let (Some(most), Some(least)) = (classes().max(), classes().min()) {
            note(&format!(
                "{} {}, {} {}: classes are trained as if equally frequent (override with --set logit_adjustment=0)",
                most.0,
                printable(most.1),
                least.0,
                printable(least.1)
            ));
        }
    }
}

/// Rejects a recipe whose number of classes differs from the corpus.
pub(crate) fn check_classes(recipe: &Recipe, corpus: &Corpus) -> Result<(), CliError> {
    let (classes, labels) = (recipe.network.classes, corpus.labels.len());
    if classes == labels {
        return Ok(());
    }
    let message = format!("network.classes is {classes}, but {} has {labels}", corpus.name);
    Err(CliError::Usage(message))
}

/// Changes of a recipe by the arguments.
pub(crate) struct Changes {
    /// Of --config.
    pub(crate) file: Option<toml::Table>,
    /// Of --set, --epochs, --seed and --precision.
    pub(crate) pairs: Vec<(String, String)>,
}

impl Changes {
    pub(crate) fn of(args: &TrainingArgs) -> Result<Self, CliError> {
        let file = args.config.as_deref().map(read_toml).transpose()?;
        let mut pairs = args.set.clone();
        let mut set = |key: &str, value: Option<String>| {
            pairs.extend(value.map(|value| (key.to_owned(), value)));
        };
        set("epochs", args.epochs.map(|n| n.to_string()));
        set("seed", args.seed.map(|n| n.to_string()));
        let is_set = file.as_ref().is_some_and(|file| file.contains_key("precision"))
            || args.set.iter().any(|(key, _)| key == "precision");
        let precision = match args.precision.named() {
            None if !is_set => Some(automatic_precision(args)?),
            named => named,
        };
        set("precision", precision.map(|p| p.to_string()));
        Ok(Self { file, pairs })
    }
}

/// The precision of the run that is resumed, or else the faster one of the device.
fn automatic_precision(args: &TrainingArgs) -> Result<Precision, CliError> {
    let begun = match args.resume {
        true => begun_precision(&args.output)?,
        false => None,
    };
    Ok(begun.unwrap_or_else(|| device::fast_precision(args.device, PrecisionArg::Auto)))
}

/// The precision of the run in a folder, of its first row or seed where it has several.
fn begun_precision(run: &Path) -> Result<Option<Precision>, CliError> {
    let mut folders = vec![run.to_owned()];
    for entry in std::fs::read_dir(run).into_iter().flatten().flatten() {
        folders.push(entry.path());
    }
    for folder in folders {
        if let Some(recipe) = read_recipe(&folder.join("recipe.json"))? {
            return Ok(Some(recipe.precision));
        }
    }
    Ok(None)
}

fn read_toml(path: &Path) -> Result<toml::Table, CliError> {
    let usage = |error: &dyn std::fmt::Display| {
        CliError::Usage(format!("--config {}: {error}", path.text()))
    };
    let text = read_text_bounded(path, MAX_SETTINGS_BYTES).map_err(|e| usage(&e))?;
    text.parse().map_err(|e| usage(&e))
}

/// Decodes the corpus.
pub(crate) fn load(corpus: Corpus, recipe: &Recipe) -> Result<Dataset, CliError> {
    note(&format!("reading {} recordings of {}", corpus.utterances.len(), corpus.name));
    Ok(Dataset::load(corpus, &recipe.frontend, &DecodeLimits::default())?)
}

/// Warns of classes that a fold cannot learn: all their utterances are in its test part.
pub(crate) fn warn_of_classes(dataset: &Dataset, split: Split, folds: usize, seed: u64) {
    let corpus = &dataset.corpus;
    // Splits that are impossible or leak are reported when the folds are trained.
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
                "fold {} trains without the classes {}: all of their utterances are in its test \
                 part; fewer folds may help",
                fold.number,
                printable(&missed.join(", "))
            ));
        }
    }
}

/// The recipe of a run, if it has one.
pub(crate) fn read_recipe(path: &Path) -> Result<Option<Recipe>, CliError> {
    let failed = |error: &dyn std::fmt::Display| {
        CliError::Failed(format!("cannot read {}: {error}", path.text()))
    };
    match read_bounded(path, MAX_SETTINGS_BYTES) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|e| failed(&e)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// Writes a file of indented JSON atomically.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), CliError> {
    clstm_eval::files::write_json(path, value)
        .map_err(|error| CliError::Failed(format!("cannot write {error}")))
}

/// The flag that ends a training at its next step, with a checkpoint, after Ctrl-C or SIGTERM.
pub(crate) fn stop_on_interrupt() -> Result<&'static StopFlag, CliError> {
    interrupt::stop_on_interrupt(
        "saving a checkpoint after the current step; Ctrl-C again stops at once without saving",
    )
}
