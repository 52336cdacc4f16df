use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
The runs tested the same utterances in the same folds, with models of other seeds, presets or trainings; the
new run holds the folds that all of them have done, its figures are those of the mean of their probabilities.

Examples:
  clstm cv ... --split emobox --seed 1 --out runs/seed-1
  clstm cv ... --split emobox --seed 2 --out runs/seed-2
  clstm average runs/seed-1 runs/seed-2 --out runs/two
  clstm average runs/clstm-plus runs/clstm --out runs/both";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AverageArgs {
    /// Folders of cross-validations, two or more.
    #[arg(value_name = "RUN", num_args = 2.., required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Folder for the run of their average.
    #[arg(long, value_name = "RUN")]
    pub(crate) out: PathBuf,
}
