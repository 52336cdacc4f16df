use std::path::PathBuf;

use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
Both runs must have been tested on the same utterances, at least in part: the same --split, or the same
--fold-seed. Answers are swapped, and utterances drawn, by whole speakers where the runs name them.

Example:
  clstm compare runs/clstm runs/clstm-plus";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// Folder of a cross-validation.
    #[arg(value_name = "RUN")]
    pub(crate) first: PathBuf,
    /// Folder of another.
    #[arg(value_name = "RUN")]
    pub(crate) second: PathBuf,
    /// How to print the figures.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}
