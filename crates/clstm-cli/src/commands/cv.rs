//! `clstm cv`: a model for each fold.

use clstm_train::{CrossValidation, cross_validate, cross_validate_seeds};

use crate::args::{CvArgs, FoldArgs};
use crate::error::CliError;
use crate::output::Output;
use crate::resolve::device;
use crate::text::PathText;
use crate::training::{self, Observers, RunDescription, RunLock, report, seeds};

/// Trains and tests the folds and prints their figures.
pub(crate) fn run(args: &CvArgs) -> Result<(), CliError> {
    let out = args.training.output.as_path();
    let (corpus, recipe) = training::open(&args.training, args.start.preset)?;
    let device = device::open(args.training.device, recipe.precision)?;
    let folds = args.folds.count(&corpus)?;
    let several = !args.seeds.is_empty();
    if several && out.join("recipe.json").exists() {
        let message = format!("{} holds a run of one seed; choose another --output", out.text());
        return Err(CliError::Failed(message));
    }
    if !several && out.join("seeds.json").exists() {
        let message =
            format!("{} holds runs of several seeds; choose another --output", out.text());
        return Err(CliError::Failed(message));
    }
    if out.join("model.safetensors").exists() {
        let message = format!("{} holds a training; choose another --output", out.text());
        return Err(CliError::Failed(message));
    }
    let mut guard = training::guard(&args.training, &corpus);
    guard.optional_input("what --init names,", args.init.as_deref());
    args.teacher.iter().for_each(|run| guard.input("the run of --teacher", run));
    guard.check_run("--output", out)?;
    let stop = training::stop_on_interrupt()?;
    let dataset = training::load(corpus, &recipe)?;
    let FoldArgs { split, fold_seed, fold: only, .. } = args.folds;
    let first = args.seeds.first().copied().unwrap_or(recipe.seed);
    training::warn_of_classes(&dataset, split, folds, fold_seed.unwrap_or(first));

    let about = RunDescription {
        title: format!("{}, {}", dataset.corpus.name, recipe.preset),
        labels: &dataset.corpus.labels,
        trainings: args.seeds.len().max(1) * if only.is_some() { 1 } else { folds },
        batch: recipe.batch,
    };
    let _lock = RunLock::acquire(out, only)?;
    let mut watchers = Observers::start(&args.training, &about, stop);
    let (allowed, out_folder) = (args.folds.leakage.allowed(), out.to_owned());
    let run = CrossValidation {
        allowed,
        only,
        fold_seed,
        init: args.init.clone(),
        teachers: args.teacher.clone(),
        inputs: Some(training::inputs(
            &args.training,
            &args.folds,
            args.init.as_ref(),
            &args.teacher,
        )),
        ..CrossValidation::new(split, folds, recipe, device, out_folder)
    };
    let resume = args.training.resume;
    if several {
        let runs = cross_validate_seeds(&run, &args.seeds, &dataset, resume, stop, &mut watchers);
        watchers.finish();
        return seeds::finished(&runs?, out, &mut Output::stdout());
    }
    let metrics = cross_validate(&run, &dataset, resume, stop, &mut watchers);
    watchers.finish();
    report::finished(&metrics?, out, &mut Output::stdout())
}
