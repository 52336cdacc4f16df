//! `clstm evaluate RUN`: a run's models again, with test-time augmentation.

use std::path::Path;

use clstm::TtaConfig;
use clstm_nn::burn::tensor::Device;
use clstm_train::{Event, Observer};

use crate::args::CorpusArgs;
use crate::error::CliError;
use crate::messages::note;
use crate::output::{Output, OutputGuard};
use crate::resolve::corpus;
use crate::table::percent;
use crate::text::PathText;
use crate::training::{self, RunLock, read_recipe, report};

/// Tests the models of the folds of `run` on the test utterances of their folds, writes the new run to `output` and
/// prints its figures.
pub(crate) fn evaluate_run(
    run: &Path,
    choice: &CorpusArgs,
    tta: TtaConfig,
    output: &Path,
) -> Result<(), CliError> {
    let Some(recipe) = read_recipe(&run.join("recipe.json"))? else {
        return Err(CliError::Failed(format!("{} holds no run: no recipe.json", run.text())));
    };
    let corpus = corpus::open(choice)?.with_dimensions(recipe.dimension_names())?;
    let mut guard = OutputGuard::new(false);
    guard.run("the run", run);
    corpus::guard(&mut guard, choice, &corpus);
    guard.check_run("--output", output)?;
    let dataset = training::load(corpus, &recipe)?;
    let device = Device::flex();
    let _lock = RunLock::acquire(output, None)?;
    let metrics =
        clstm_train::reevaluate(run, tta, &dataset, &device, output, &mut ProgressPrinter)?;
    report::finished(&metrics, output, &mut Output::stdout())
}

/// Prints a line for each fold.
struct ProgressPrinter;

impl Observer for ProgressPrinter {
    fn on_event(&mut self, event: &Event) {
        if let Event::FoldDone { fold, metrics, .. } = event {
            note(&format!("fold {fold}: UA {}", percent(metrics.ua)));
        }
    }
}
