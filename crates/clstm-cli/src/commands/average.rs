//! `clstm average`: the ensemble of cross-validations.

use clstm_train::average_runs;

use crate::args::AverageArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::training::report;

/// Averages the runs and prints the figures of their ensemble.
pub(crate) fn run(args: &AverageArgs) -> Result<(), Failure> {
    let metrics = average_runs(&args.runs, &args.out)?;
    report::finished(&metrics, &args.out, &mut Output::stdout())
}
