//! `clstm cv`: a model for each fold of a protocol.

use clstm_train::{CrossValidation, cross_validate, cross_validate_seeds};

use crate::args::{CvArgs, FoldArgs};
use crate::devices;
use crate::failure::Failure;
use crate::output::Output;
use crate::training::{self, About, Watchers, report, seeds};

/// Trains and tests the folds and prints their figures.
pub(crate) fn run(args: &CvArgs) -> Result<(), Failure> {
    let out = args.training.out.as_path();
    let (corpus, recipe) = training::open(&args.training, args.start.preset)?;
    let device = devices::open(args.training.device, recipe.precision)?;
    let folds = args.folds.count(&corpus)?;
    let several = !args.seeds.is_empty();
    if several && out.join("recipe.json").exists() {
        let message = format!("{} holds a run of one seed; choose another --out", out.display());
        return Err(Failure::Failed(message));
    }
    if !several && out.join("seeds.json").exists() {
        let message =
            format!("{} holds runs of several seeds; choose another --out", out.display());
        return Err(Failure::Failed(message));
    }
    if out.join("model.safetensors").exists() {
        let message = format!("{} holds a training; choose another --out", out.display());
        return Err(Failure::Failed(message));
    }
    let stop = training::stop_on_interrupt()?;
    let dataset = training::load(corpus, &recipe)?;
    let FoldArgs { split, fold_seed, fold: only, .. } = args.folds;
    let first = args.seeds.first().copied().unwrap_or(recipe.seed);
    training::warn_of_classes(&dataset, split, folds, fold_seed.unwrap_or(first));

    let about = About {
        title: format!("{}, {}", dataset.corpus.name, recipe.preset),
        labels: &dataset.corpus.labels,
        trainings: args.seeds.len().max(1) * if only.is_some() { 1 } else { folds },
        batch: recipe.batch,
    };
    let mut watchers = Watchers::start(&args.training, &about, stop);
    let (allowed, out_folder) = (args.folds.leakage.allowed(), out.to_owned());
    let run = CrossValidation {
        allowed,
        only,
        fold_seed,
        init: args.init.clone(),
        teachers: args.teacher.clone(),
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
