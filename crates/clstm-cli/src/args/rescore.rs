use std::path::PathBuf;

use clap::Args;

use super::{CorpusArgs, numbers};

/// The command of release 0.1 that is now `clstm evaluate RUN`.
#[derive(Debug, Args)]
pub(crate) struct RescoreArgs {
    /// Folder of a cross-validation.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) choice: CorpusArgs,
    /// Test-time augmentation: number of shifts of the first time step.
    #[arg(long, alias = "offsets", value_name = "N", default_value_t = 1, value_parser = numbers::shifts)]
    pub(crate) tta_shifts: usize,
    /// Test-time augmentation: also process each input with inverted polarity.
    #[arg(long, alias = "flips")]
    pub(crate) tta_polarity: bool,
    /// Folder for the new run.
    #[arg(long, alias = "out", value_name = "NEW")]
    pub(crate) output: PathBuf,
}
