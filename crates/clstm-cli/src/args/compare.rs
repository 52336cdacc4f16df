use std::path::PathBuf;

use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
The two runs must have test utterances in common: use the same --split, and for random folds the same \
--fold-seed. The permutation test and the bootstrap resample whole speakers if the runs contain speaker names.

Example:
  clstm compare runs/clstm runs/clstm-plus";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// Folder of a cross-validation.
    #[arg(value_name = "RUN")]
    pub(crate) first: PathBuf,
    /// Folder of the cross-validation to compare it with.
    #[arg(value_name = "RUN")]
    pub(crate) second: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}
