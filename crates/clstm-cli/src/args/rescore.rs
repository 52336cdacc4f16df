use std::path::PathBuf;

use clap::Args;

use super::CorpusChoice;

const EXAMPLES: &str = "\
Nothing is trained. Each fold's model hears its own test utterances in several views, whose logits are
averaged: behind 0 to N-1 N-ths of a segment of silence and, with --flips, with the sign turned as well. NEW
is a run with models that hear so in use, too; their answers take as many times as long as there are views.

Examples:
  clstm rescore runs/random --corpus ravdess --data data/ravdess --offsets 4 --flips --out runs/random-8";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RescoreArgs {
    /// Folder of a cross-validation.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) choice: CorpusChoice,
    /// Beginnings of the first segment.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) offsets: usize,
    /// Hear each with its sign turned as well.
    #[arg(long)]
    pub(crate) flips: bool,
    /// Folder for the new run.
    #[arg(long, value_name = "NEW")]
    pub(crate) out: PathBuf,
}
