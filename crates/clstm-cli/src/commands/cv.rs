//! `clstm cv`: a model for each fold of a protocol.

use clstm_train::{CrossValidation, cross_validate};

use crate::args::CvArgs;
use crate::devices;
use crate::failure::Failure;
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
    let fold_seed = args.fold_seed;
    training::warn_of_classes(&dataset, args.split, folds, fold_seed.unwrap_or(recipe.seed));

    let mut progress = Progress::new(if args.fold.is_some() { 1 } else { folds }, recipe.batch);
    let (split, only) = (args.split, args.fold);
    let (allowed, out_folder) = (args.leakage.allowed(), out.to_owned());
    let run =
        CrossValidation { split, folds, allowed, only, recipe, fold_seed, device, out: out_folder };
    let metrics = cross_validate(&run, &dataset, args.training.resume, stop, &mut progress);
    progress.finish();
    let metrics = metrics?;

    report::finished(&metrics, out, &mut Output::stdout())
}
