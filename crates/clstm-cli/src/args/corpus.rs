use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{DownloadArgs, Format, TargetArgs};
use crate::name_pattern::NamePattern;

const EXAMPLES: &str = "\
Examples:
  clstm corpus list
  clstm corpus download ravdess --output data/ravdess
  clstm corpus stats ravdess --data data/ravdess
  clstm corpus check ravdess --data data/ravdess --format json
  clstm corpus check manifest --data mine.csv
  clstm corpus manifest recordings/ --pattern '{label}_{speaker}_*' --output mine.csv
  clstm corpus manifest export.json --from label-studio --output mine.csv
  clstm corpus stats ravdess emo-db --data data/ravdess --data data/emo-db --label-map four.toml
  clstm corpus stats ravdess --data data/ravdess --target statement";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CorpusCommandArgs {
    #[command(subcommand)]
    pub(crate) command: CorpusCommand,
    /// Output format.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CorpusCommand {
    /// List the supported corpora, how to obtain them and their licences.
    List,
    /// Print counts and durations by class and speaker.
    Stats(StatsArgs),
    /// Check a corpus for missing, unreadable, silent or clipped files and for copies. Exit status 1 if any is found.
    Check(CorpusLocation),
    /// Create a manifest from a folder whose file names contain the labels, or from the export of an annotation tool.
    Manifest(ManifestArgs),
    /// Download, verify and unpack a published corpus, or print how to request it.
    Download(DownloadArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ManifestArgs {
    /// Folder with the recordings; with --from, the export of the annotation tool, or a folder of its documents.
    #[arg(value_name = "DIR|FILE")]
    pub(crate) folder: PathBuf,
    /// Read the labels of an annotation tool. With several raters the label is that of the majority; the manifest has
    /// the votes for each label, which vote_weight uses, and a column for each rater. A database of audformat is read
    /// with its header; the labels of machines are left out.
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with = "pattern")]
    pub(crate) from: Option<CorrectionTool>,
    /// The tier of ELAN and TextGrid documents, or the scheme of the audformat columns (their prefix without a header).
    #[arg(long, value_name = "NAME", requires = "from", default_value = "emotion")]
    pub(crate) column: String,
    /// Keep recordings without a majority, for training on the votes (vote_weight=1). Their label is the first of the tied
    /// ones in alphabetical order.
    #[arg(long, requires = "from")]
    pub(crate) keep_ties: bool,
    /// Use only the labels of this rater of audformat, which may be a machine.
    #[arg(long, value_name = "NAME", requires = "from")]
    pub(crate) rater: Option<String>,
    /// Pattern of the file names without extension: {label}, {speaker} and other columns in braces, * for any
    /// text. A pattern with / matches the path inside the folder, such as {speaker}/{label}-*.
    #[arg(long, value_parser = NamePattern::parse, required_unless_present = "from")]
    pub(crate) pattern: Option<NamePattern>,
    /// Write the manifest to this file instead of standard output; paths are then relative to its folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace an existing file.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

/// An annotation tool to read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CorrectionTool {
    /// The JSON export of Label Studio.
    LabelStudio,
    /// ELAN documents with a tier of labels.
    Elan,
    /// TextGrids with a tier of labels.
    Textgrid,
    /// A database or a table of audformat, as CSV or Parquet, with a column for each rater.
    Audformat,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    pub(crate) place: CorpusLocation,
    #[command(flatten)]
    pub(crate) classes: TargetArgs,
}

/// Corpora on disk.
#[derive(Debug, Args)]
pub(crate) struct CorpusLocation {
    /// Names of corpora, see `clstm corpus list`; each needs its --data.
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Folder of the unpacked corpus; for `manifest` the CSV or JSON Lines file that lists it.
    #[arg(long, value_name = "DIR|FILE", required = true)]
    pub(crate) data: Vec<PathBuf>,
}
