use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  clstm annotate export recordings/ --to label-studio --output project/
  clstm annotate export recordings/ --to elan --output documents/
  clstm corpus manifest --from label-studio export.json --output corrected.csv

The recordings with the lowest confidence come first: in the order of the tasks, and in order.csv.";

/// Create pre-annotations for annotation tools.
#[derive(Debug, Args)]
pub(crate) struct AnnotateArgs {
    #[command(subcommand)]
    pub(crate) command: AnnotateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AnnotateCommand {
    /// Write pre-annotations with confidences, lowest confidence first.
    Export(AnnotateExportArgs),
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AnnotateExportArgs {
    /// Recordings: files, folders (searched for audio files) or globs.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The annotation tool.
    #[arg(long, value_enum)]
    pub(crate) to: AnnotationTool,
    /// Folder to write to. Paths of recordings are relative to it where possible.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Replace existing files.
    #[arg(long)]
    pub(crate) force: bool,
    /// Name of a built-in model (multi, open, ravdess-clstm-plus), a model file, or a folder with a model.safetensors
    /// [default: multi].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Merge the model's classes into fewer: basic-four, basic-six, or a label map, as in predict.
    #[arg(long, value_name = "NAME|MAP.toml")]
    pub(crate) classes: Option<PathBuf>,
}

/// An annotation tool to export to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnnotationTool {
    /// tasks.json to import, and config.xml, the labelling configuration.
    LabelStudio,
    /// An .eaf document for each recording, with the segments of its timeline.
    Elan,
    /// A label track for each recording, with the segments of its timeline.
    Audacity,
    /// A database header db.yaml and its table db.emotion.csv.
    Audformat,
}
