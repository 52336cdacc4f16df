use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Classes, DownloadArgs, Format};
use crate::name_pattern::NamePattern;

const EXAMPLES: &str = "\
Examples:
  clstm corpus list
  clstm corpus download ravdess --to data/ravdess
  clstm corpus stats ravdess --data data/ravdess
  clstm corpus check ravdess --data data/ravdess --format json
  clstm corpus check manifest --data mine.csv
  clstm corpus manifest recordings/ --pattern '{label}_{speaker}_*' --output mine.csv
  clstm corpus stats ravdess emo-db --data data/ravdess --data data/emo-db --labels four.toml
  clstm corpus stats ravdess --data data/ravdess --target statement";

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
    Stats(StatsArgs),
    /// Is it whole, readable, loud enough and not too loud, and free of copies? Exit status 1 if not.
    Check(Place),
    /// Makes a manifest of a folder whose file names tell the labels.
    Manifest(ManifestArgs),
    /// Fetches a published corpus, checks and unpacks it; or says how to ask for one.
    Download(DownloadArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ManifestArgs {
    /// Folder with the recordings.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// What names without their extension look like: {label}, {speaker} and any other column in braces, *
    /// for anything else. With a / it is of the path inside the folder, such as {speaker}/{label}-*.
    #[arg(long, value_parser = NamePattern::parse)]
    pub(crate) pattern: NamePattern,
    /// File for the manifest instead of standard output; paths are written from its folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) classes: Classes,
}

/// Corpora on the disk.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Name of the corpus, see `clstm corpus list`; of several, each with its --data.
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Folder that it was unpacked in; for `manifest` the CSV or JSON Lines file that lists it.
    #[arg(long, value_name = "DIR|FILE", required = true)]
    pub(crate) data: Vec<PathBuf>,
}
