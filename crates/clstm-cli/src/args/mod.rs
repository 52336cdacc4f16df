//! What can be written on the command line; what it means is in `commands`.

mod average;
mod choice;
mod compare;
mod corpus;
mod download;
mod evaluate;
mod health;
mod inspect;
mod listen;
mod predict;
mod report;
mod rescore;
mod serve;
mod training;

use std::num::NonZeroUsize;

use clap::{Parser, Subcommand};

pub(crate) use average::AverageArgs;
pub(crate) use choice::{Classes, CorpusChoice, Leakage};
pub(crate) use compare::CompareArgs;
pub(crate) use corpus::{CorpusArgs, CorpusCommand, ManifestArgs, Place, StatsArgs};
pub(crate) use download::DownloadArgs;
pub(crate) use evaluate::EvaluateArgs;
pub(crate) use health::HealthArgs;
pub(crate) use inspect::InspectArgs;
pub(crate) use listen::{ListenArgs, ListenFormat, SampleFormat};
pub(crate) use predict::{PredictArgs, RowFormat};
pub(crate) use report::ReportArgs;
pub(crate) use rescore::RescoreArgs;
pub(crate) use serve::{LogLevel, ServeArgs};
pub(crate) use training::{AblateArgs, CvArgs, FoldArgs, TrainArgs, TrainingArgs};

const EXAMPLES: &str = "\
Examples:
  clstm predict interview.wav --model models/ravdess-clstm-plus.safetensors
  clstm predict recordings/ --format jsonl --output answers.jsonl --model M
  clstm corpus stats ravdess --data data/ravdess
  clstm cv --corpus ravdess --data data/ravdess --preset clstm --split emobox --out runs/emobox
  clstm report runs/emobox --out report
  clstm train --corpus ravdess --data data/ravdess --preset clstm --out runs/all
  clstm cv --corpus manifest --data mine.csv --preset clstm --split speaker --out runs/mine
  clstm cv --corpus ravdess --data data/ravdess --target speaker --split random --preset clstm --out runs/who

Exit status: 0 all done; 1 something failed, the rest was done and written; 2 wrong usage.";

/// Speech emotion recognition with the hierarchical ConvLSTM network.
#[derive(Debug, Parser)]
#[command(name = "clstm", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Threads to compute with [default: one for each core].
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Labels recordings.
    Predict(PredictArgs),
    /// Answers over HTTP and WebSocket, with a web page.
    Serve(ServeArgs),
    /// Whether a server answers, for supervisors.
    Health(HealthArgs),
    /// What corpora there are, what is in one, and whether it is whole.
    Corpus(CorpusArgs),
    /// Hears live sound: the microphone, a pipe, or a recording.
    Listen(ListenArgs),
    /// Trains one model on a whole corpus.
    Train(TrainArgs),
    /// Cross-validates: trains and tests a model for each fold.
    Cv(CvArgs),
    /// Trains the seven rows of the paper's Table 1 with equal budgets, and prints it.
    Ablate(AblateArgs),
    /// Averages cross-validations of several seeds: the figures of their ensemble.
    Average(AverageArgs),
    /// Tests a run's models again, hearing each test utterance in several views.
    Rescore(RescoreArgs),
    /// Tests whether one run is better than another on the same utterances.
    Compare(CompareArgs),
    /// Writes tables and figures of runs: a page, Markdown, LaTeX, JSON, CSV, SVG and PNG.
    Report(ReportArgs),
    /// Tests a model on a labelled corpus.
    Evaluate(EvaluateArgs),
    /// What a model file says of itself.
    Inspect(InspectArgs),
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns.
    Table,
    /// One JSON document.
    Json,
}
