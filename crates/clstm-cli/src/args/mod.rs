//! Definition of the command line. `commands` implements it.

mod annotate;
mod compare;
#[cfg(feature = "server")]
mod config_file;
mod corpus;
mod corpus_args;
mod download;
mod ensemble;
mod evaluate;
mod export;
mod generate;
#[cfg(feature = "server")]
mod healthcheck;
mod inspect;
mod listen;
mod numbers;
mod precision;
mod predict;
mod report;
mod rescore;
#[cfg_attr(not(feature = "server"), path = "no_server.rs")]
mod serve;
mod training;

use std::ffi::OsString;
use std::num::NonZeroUsize;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};
use clstm_nn::Preset;

pub(crate) use annotate::{AnnotateArgs, AnnotateCommand, AnnotateExportArgs, AnnotationTool};
pub(crate) use compare::CompareArgs;
pub(crate) use corpus::{
    CorpusCommand, CorpusCommandArgs, CorpusLocation, CorrectionTool, ManifestArgs, StatsArgs,
};
pub(crate) use corpus_args::{CorpusArgs, TargetArgs};
pub(crate) use download::DownloadArgs;
pub(crate) use ensemble::EnsembleArgs;
pub(crate) use evaluate::EvaluateArgs;
pub(crate) use export::{ExportArgs, ExportFormat, ExportPrecision};
pub(crate) use generate::{CompletionsArgs, ManArgs};
#[cfg(feature = "server")]
pub(crate) use healthcheck::HealthcheckArgs;
pub(crate) use inspect::InspectArgs;
pub(crate) use listen::{ListenArgs, ListenFormat, SampleFormat};
pub(crate) use precision::PrecisionArg;
pub(crate) use predict::{PredictArgs, RowFormat};
pub(crate) use report::ReportArgs;
pub(crate) use rescore::RescoreArgs;
pub(crate) use serve::ServeArgs;
#[cfg(feature = "server")]
pub(crate) use serve::{LogFormat, LogLevel};
pub(crate) use training::{AblateArgs, CvArgs, FoldArgs, TrainArgs, TrainingArgs};

use corpus_args::LeakageArgs;

const EXAMPLES: &str = "\
Examples:
  clstm predict interview.wav
  clstm predict recordings/ --format jsonl --output predictions.jsonl --model M
  clstm corpus stats ravdess --data data/ravdess
  clstm cv --corpus ravdess --data data/ravdess --preset clstm --split emobox --output runs/emobox
  clstm report runs/emobox --output report
  clstm train --corpus ravdess --data data/ravdess --preset clstm --output runs/all
  clstm cv --corpus manifest --data mine.csv --preset clstm --split speaker --output runs/mine

Exit status: 0 success; 1 some inputs failed (the others were processed); 2 usage error; 130 interrupted.";

/// Speech emotion recognition with the hierarchical ConvLSTM network.
#[derive(Debug, Parser)]
#[command(name = "clstm", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    /// The command to run.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Number of threads [default: one for each core].
    #[arg(long, global = true, value_name = "N", value_parser = numbers::threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print more messages; twice for debugging.
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Print errors only; twice: no errors either. Results are printed in any case.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    quiet: u8,
}

/// Which messages are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// None.
    Silent,
    /// Errors.
    Errors,
    /// Warnings and notes, too.
    Normal,
    /// What libraries log, too.
    Verbose,
    /// All that is logged.
    Debug,
}

impl Args {
    /// Which messages are printed.
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.verbose, self.quiet) {
            (0, 0) => Verbosity::Normal,
            (0, 1) => Verbosity::Errors,
            (0, _) => Verbosity::Silent,
            (1, _) => Verbosity::Verbose,
            _ => Verbosity::Debug,
        }
    }
}

/// What the arguments request.
#[derive(Debug)]
pub(crate) enum Invocation {
    /// A command.
    Run(Box<Args>),
    /// The settings of a preset: `--list-settings` of a command that trains, whose other arguments may be missing.
    ListSettings(Preset),
}

/// Arguments of the commands that train that `--list-settings` does without.
const TRAINING: [(&str, &[&str]); 3] = [
    ("train", &["corpus", "data", "output", "preset"]),
    ("cv", &["corpus", "data", "output", "preset", "split"]),
    ("ablate", &["corpus", "data", "output", "split"]),
];

/// Takes `-1` as the value of the option before it, so that a message names the option.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let names: Vec<String> =
        command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    let command = command.mut_args(|argument| {
        let takes_value = argument.get_action().takes_values() && !argument.is_positional();
        if takes_value { argument.allow_negative_numbers(true) } else { argument }
    });
    names.iter().fold(command, |command, name| command.mut_subcommand(name, with_negative_numbers))
}

/// The command line as clap defines it.
pub(crate) fn command() -> clap::Command {
    let command = with_negative_numbers(Args::command());
    TRAINING.into_iter().fold(command, |command, (name, arguments)| {
        command.mut_subcommand(name, |subcommand| {
            arguments.iter().fold(subcommand, |subcommand, name| {
                subcommand.mut_arg(name, |argument| {
                    argument.required(false).required_unless_present("list_settings")
                })
            })
        })
    })
}

/// Parses the arguments of the process.
///
/// # Errors
/// clap's, which also carry help and version.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Invocation, clap::Error> {
    let mut command = command();
    let arguments: Vec<OsString> = arguments.collect();
    #[cfg(feature = "server")]
    let arguments = config_file::with_file(&mut command, arguments)?;
    // Opening the built-in model takes a few ms.
    if arguments.iter().any(|argument| argument == "--version") {
        command = command.long_version(crate::version::long());
    }
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    if let Some((name, training)) = matches.subcommand()
        && TRAINING.iter().any(|(known, _)| *known == name)
        && training.get_flag("list_settings")
    {
        let preset = training.try_get_one::<Preset>("preset").ok().flatten();
        return Ok(Invocation::ListSettings(preset.copied().unwrap_or(Preset::ClstmPlus)));
    }
    let args = Args::from_arg_matches_mut(&mut matches);
    args.map(Box::new).map(Invocation::Run).map_err(|error| error.format(&mut command))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Predict the emotion of recordings.
    Predict(PredictArgs),
    /// Recognise emotions in live audio: the microphone, a pipe, or a recording.
    Listen(ListenArgs),
    /// Run an HTTP and WebSocket server with a web page.
    #[cfg_attr(not(feature = "server"), command(hide = true, alias = "healthcheck"))]
    Serve(ServeArgs),
    /// Check that a server responds, for service managers and containers.
    #[cfg(feature = "server")]
    #[command(alias = "health")]
    Healthcheck(HealthcheckArgs),
    /// List, count, check and download corpora, and create manifests.
    Corpus(CorpusCommandArgs),
    /// Create pre-annotations for annotation tools, lowest confidence first.
    Annotate(AnnotateArgs),
    /// Train one model on a whole corpus.
    Train(TrainArgs),
    /// Cross-validate: train and test a model for each fold.
    #[command(visible_alias = "cross-validate")]
    Cv(CvArgs),
    /// Train the seven networks of the paper's Table 1 with equal settings and print the table.
    Ablate(AblateArgs),
    /// Average the predictions of cross-validations on the same folds.
    #[command(alias = "average")]
    Ensemble(EnsembleArgs),
    /// Test whether one run is better than another on the same utterances.
    Compare(CompareArgs),
    /// Write tables and figures of runs: HTML, Markdown, LaTeX, JSON, CSV, SVG and PNG.
    Report(ReportArgs),
    /// Test a model on a labelled corpus, or test the models of a run again on their folds.
    Evaluate(EvaluateArgs),
    /// Export a model to ONNX, or to a folder in the layout of the Hugging Face hub.
    Export(ExportArgs),
    /// Print architecture, labels, protocol and scores, lineage, licence and digest of a model.
    Inspect(InspectArgs),
    /// Print the completion script of a shell.
    Completions(CompletionsArgs),
    /// Print the man page of the command, or write those of all subcommands.
    Man(ManArgs),
    /// Print the licences of the command, of the built-in models and of the software that the command contains.
    Licenses,
    /// The name of `clstm evaluate RUN` in release 0.1.
    #[command(hide = true)]
    Rescore(RescoreArgs),
}

/// Output for people or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns.
    Table,
    /// One JSON document.
    Json,
}
