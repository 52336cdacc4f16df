//! `clstm cv`: a model for each fold.

use std::path::Path;

use clstm_eval::EvalError;
use clstm_train::{CrossValidation, InitialModel, cross_validate, cross_validate_seeds};

use crate::args::{CvArgs, FoldArgs};
use crate::error::CliError;
use crate::output::Output;
use crate::resolve::{device, model};
use crate::text::PathText;
use crate::training::{self, Observers, RunDescription, RunLock, jobs, report, seeds};
use crate::version;

/// Trains and tests the folds and prints their figures.
pub(crate) fn run(args: &CvArgs) -> Result<(), CliError> {
    let out = args.training.output.as_path();
    let (corpus, recipe) = training::open(&args.training, args.start.preset)?;
    recipe.check_frozen_layers(args.init.is_some())?;
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
    args.init.iter().for_each(|init| guard.run("what --init names,", init));
    args.teacher.iter().for_each(|run| guard.run("the run of --teacher", run));
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
    let resume = args.training.resume;
    let jobs = match several || only.is_some() {
        true => 1,
        false => jobs::count(args.jobs, &dataset, folds),
    };
    let beside = jobs > 1;
    if beside {
        check_new(out, resume)?;
        jobs::run(&(1..=folds).collect::<Vec<_>>(), jobs, resume)?;
    }
    let _lock = RunLock::acquire(out, only)?;
    let mut watchers = Observers::start(&args.training, &about, stop);
    let (allowed, out_folder) = (args.folds.leakage.allowed(), out.to_owned());
    let run = CrossValidation {
        allowed,
        only,
        fold_seed,
        init: args.init.as_deref().map(initial_model).transpose()?,
        teachers: args.teacher.clone(),
        inputs: Some(training::inputs(
            &args.training,
            &args.folds,
            args.init.as_ref(),
            &args.teacher,
        )),
        commit: version::commit(),
        ..CrossValidation::new(split, folds, recipe, device, out_folder)
    };
    if several {
        let runs = cross_validate_seeds(&run, &args.seeds, &dataset, resume, stop, &mut watchers);
        watchers.finish();
        return seeds::finished(&runs?, out, &mut Output::stdout());
    }
    // Folds of jobs are done: they are read back.
    let resume = resume || beside;
    let metrics = cross_validate(&run, &dataset, resume, stop, &mut watchers);
    watchers.finish();
    report::finished(&metrics?, out, &mut Output::stdout())
}

/// A run of the same folds, or else a model by its name or file.
fn initial_model(named: &Path) -> Result<InitialModel, CliError> {
    if named.is_dir() && !model::model_file(named).is_file() {
        return Ok(InitialModel::Run(named.to_owned()));
    }
    let model = Box::new(model::open(Some(named))?);
    Ok(InitialModel::Model { named: named.to_owned(), model })
}

/// Rejects a folder with folds unless the run is resumed: the jobs of a run cannot know which of them began it.
fn check_new(out: &Path, resume: bool) -> Result<(), CliError> {
    if !resume && out.join("recipe.json").exists() {
        return Err(EvalError::RunExists { path: out.to_owned() }.into());
    }
    Ok(())
}
