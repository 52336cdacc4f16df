use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
All runs must have tested the same utterances in the same folds; their seeds, presets and settings may differ. \
The new run has the folds that all of them have completed. Its metrics are those of the averaged probabilities.

Examples:
  clstm cv ... --split emobox --seed 1 --output runs/seed-1
  clstm cv ... --split emobox --seed 2 --output runs/seed-2
  clstm ensemble runs/seed-1 runs/seed-2 --output runs/two
  clstm ensemble runs/clstm-plus runs/clstm --output runs/both";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EnsembleArgs {
    /// Folders of cross-validations, two or more.
    #[arg(value_name = "RUN", num_args = 2.., required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Folder for the ensemble's run.
    #[arg(long, alias = "out", value_name = "RUN")]
    pub(crate) output: PathBuf,
}
