//! `clstm ablate`: the rows of the paper's Table 1.

use clstm_nn::Preset;
use clstm_train::{Ablation, Recipe, ablate, ablation_recipes};

use crate::args::{AblateArgs, FoldArgs};
use crate::error::CliError;
use crate::output::Output;
use crate::resolve::{corpus, device};
use crate::text::PathText;
use crate::training::{self, Observers, RunDescription, RunLock, ablation};
use crate::version;

/// Trains and tests the rows and prints the table.
pub(crate) fn run(args: &AblateArgs) -> Result<(), CliError> {
    let out = args.training.output.as_path();
    let corpus = corpus::open(&args.training.choice)?;
    let rows = rows(args, corpus.labels.len())?;
    // All rows share the settings that are checked on the first here.
    let Some((_, recipe)) = rows.first().cloned() else {
        return Err(CliError::Usage("--rows names no row".to_owned()));
    };
    training::check_classes(&recipe, &corpus)?;
    let device = device::open(args.training.device, recipe.precision)?;
    let folds = args.folds.count(&corpus)?;
    if ["model.safetensors", "metrics.json", "recipe.json"].iter().any(|n| out.join(n).exists()) {
        let message = format!("{} holds another run; choose another --output", out.text());
        return Err(CliError::Failed(message));
    }
    training::guard(&args.training, &corpus).check_run("--output", out)?;
    let stop = training::stop_on_interrupt()?;
    let dataset = training::load(corpus, &recipe)?;
    let FoldArgs { split, fold_seed, fold: only, .. } = args.folds;
    training::warn_of_classes(&dataset, split, folds, fold_seed.unwrap_or(recipe.seed));

    let trainings = rows.len() * if only.is_some() { 1 } else { folds };
    let title = format!("{}, Table 1", dataset.corpus.name);
    let names = rows.iter().map(|(preset, _)| preset.name());
    let _lock = RunLock::acquire_rows(out, names, only)?;
    let (labels, batch) = (&dataset.corpus.labels[..], recipe.batch);
    let mut watchers =
        Observers::start(&args.training, &RunDescription { title, labels, trainings, batch }, stop);
    let (allowed, out_folder) = (args.folds.leakage.allowed(), out.to_owned());
    let inputs = Some(training::inputs(&args.training, &args.folds, None, &[]));
    let run = Ablation {
        rows,
        split,
        folds,
        allowed,
        only,
        fold_seed,
        inputs,
        commit: version::commit(),
        device,
        out: out_folder,
    };
    let table = ablate(&run, &dataset, args.training.resume, stop, &mut watchers);
    watchers.finish();
    ablation::finished(&table?, out, &mut Output::stdout())
}

/// The requested rows, in the paper's order.
fn rows(args: &AblateArgs, classes: usize) -> Result<Vec<(Preset, Recipe)>, CliError> {
    if let Some(other) = args.rows.iter().find(|preset| !Preset::TABLE_1.contains(preset)) {
        let rows = Preset::TABLE_1.map(Preset::name).join(", ");
        let message = format!("--rows: {other} is not a row of Table 1; they are {rows}");
        return Err(CliError::Usage(message));
    }
    let changes = training::Changes::of(&args.training)?;
    let mut rows = ablation_recipes(classes, changes.file.as_ref(), &changes.pairs)?;
    rows.retain(|(preset, _)| args.rows.is_empty() || args.rows.contains(preset));
    Ok(rows)
}
