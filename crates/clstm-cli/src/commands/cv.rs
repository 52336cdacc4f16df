//! `clstm cv`: a model for each fold of a protocol.

use clstm_train::{CrossValidation, cross_validate};

use crate::args::{CvArgs, FoldArgs};
use crate::devices;
use crate::failure::Failure;
use crate::output::Output;
use crate::training::{self, Progress, report};

/// Trains and tests the folds and prints their figures.
pub(crate) fn run(args: &CvArgs) -> Result<(), Failure> {
    let out = args.training.out.as_path();
    let (corpus, recipe) = training::open(&args.training, args.start.preset)?;
    let device = devices::open(args.training.device, recipe.precision)?;
    let folds = args.folds.count(&corpus)?;
    if out.join("model.safetensors").exists() {
        let message = format!("{} holds a training; choose another --out", out.display());
        return Err(Failure::Failed(message));
    }
    let stop = training::stop_on_interrupt()?;
    let dataset = training::load(corpus, &recipe)?;
    let FoldArgs { split, fold_seed, fold: only, .. } = args.folds;
    training::warn_of_classes(&dataset, split, folds, fold_seed.unwrap_or(recipe.seed));

    let mut progress = Progress::new(if only.is_some() { 1 } else { folds }, recipe.batch);
    let out_folder = out.to_owned();
    let run = CrossValidation { split, folds, only, recipe, fold_seed, device, out: out_folder };
    let metrics = cross_validate(&run, &dataset, args.training.resume, stop, &mut progress);
    progress.finish();
    let metrics = metrics?;

    report::finished(&metrics, out, &mut Output::stdout())
}
