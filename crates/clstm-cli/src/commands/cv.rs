//! `clstm cv`: a model for each fold of a protocol.

use clstm_train::{CrossValidation, cross_validate};

use crate::args::CvArgs;
use crate::devices;
use crate::failure::Failure;
use crate::notes::{note, warn};
use crate::output::Output;
use crate::training::{self, Progress, report};

/// Trains and tests the folds and prints their figures.
pub(crate) fn run(args: &CvArgs) -> Result<(), Failure> {
    let out = args.training.out.as_path();
    let (corpus, recipe) = training::open(&args.training)?;
    let device = devices::open(args.training.device, recipe.precision)?;
    let folds = args.folds.unwrap_or_else(|| args.split.default_folds(&corpus));
    if let Some(fold) = args.fold
        && folds > 0
        && !(1..=folds).contains(&fold)
    {
        let message = format!("there is no fold {fold}; the folds are 1 to {folds}");
        return Err(Failure::Usage(message));
    }
    if out.join("model.safetensors").exists() {
        let message = format!("{} holds a training; choose another --out", out.display());
        return Err(Failure::Failed(message));
    }
    let stop = training::stop_on_interrupt()?;
    let dataset = training::load(corpus, &recipe)?;
    training::warn_of_classes(&dataset, args.split, folds, recipe.seed);

    let mut progress = Progress::new(if args.fold.is_some() { 1 } else { folds }, recipe.batch);
    let (split, only) = (args.split, args.fold);
    let run = CrossValidation { split, folds, only, recipe, device, out: out.to_owned() };
    let metrics = cross_validate(&run, &dataset, args.training.resume, stop, &mut progress);
    progress.finish();
    let metrics = metrics?;

    Output::stdout().write(&report::cross_validation(&metrics))?;
    let missing = metrics.missing();
    if !missing.is_empty() {
        let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
        warn(&format!("these figures are partial: folds {} are not done", list.join(", ")));
    }
    note(&format!("wrote {}", out.join("metrics.json").display()));
    Ok(())
}
