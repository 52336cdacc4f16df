//! `clstm ensemble`: the ensemble of cross-validations.

use clstm_eval::ensemble_runs;

use crate::args::EnsembleArgs;
use crate::error::CliError;
use crate::output::{Output, OutputGuard};
use crate::training::{RunLock, report};

/// Averages the predictions of the runs and prints the figures of their ensemble.
pub(crate) fn run(args: &EnsembleArgs) -> Result<(), CliError> {
    let mut guard = OutputGuard::new(false);
    args.runs.iter().for_each(|run| guard.run("the run", run));
    guard.check_run("--output", &args.output)?;
    let _lock = RunLock::acquire(&args.output, None)?;
    let metrics = ensemble_runs(&args.runs, &args.output)?;
    report::finished(&metrics, &args.output, &mut Output::stdout())
}
