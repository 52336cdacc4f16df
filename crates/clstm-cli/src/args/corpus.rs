use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DownloadArgs, Format};

const EXAMPLES: &str = "\
Examples:
  clstm corpus list
  clstm corpus download ravdess --to data/ravdess
  clstm corpus stats ravdess --data data/ravdess
  clstm corpus check ravdess --data data/ravdess --format json
  clstm corpus check manifest --data mine.csv";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CorpusArgs {
    #[command(subcommand)]
    pub(crate) command: CorpusCommand,
    /// How to print.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CorpusCommand {
    /// The supported corpora, how to get them and what they may be used for.
    List,
    /// Counts and durations by class and speaker.
    Stats(Place),
    /// Is it whole, readable and free of copies? Exit status 1 if not.
    Check(Place),
    /// Fetches a published corpus, checks and unpacks it; or says how to ask for one.
    Download(DownloadArgs),
}

/// A corpus on the disk.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Name of the corpus, see `clstm corpus list`.
    pub(crate) name: String,
    /// Folder that it was unpacked in; for `manifest` the CSV or JSON Lines file that lists it.
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) data: PathBuf,
}
