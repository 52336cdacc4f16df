//! The `clstm` command.
//!
//! `args` says what can be written on the command line, `commands` what it means, one file a
//! subcommand. Exit status: 0 all done; 1 something failed, the rest was done and written; 2 wrong
//! usage.

mod args;
mod cells;
mod commands;
mod corpora;
mod devices;
mod failure;
mod in_order;
mod inputs;
mod interrupt;
mod later;
mod listen;
mod models;
mod name_pattern;
mod notes;
mod output;
mod parquet_file;
mod row_sink;
mod rows;
mod table;
#[cfg(unix)]
mod terminal;
mod timeline;
mod training;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    match run(args) {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Told) => ExitCode::from(1),
        Err(Failure::Failed(message)) => {
            notes::error(&message);
            ExitCode::from(1)
        }
        Err(Failure::Usage(message)) => {
            notes::error(&message);
            ExitCode::from(2)
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global()
            .map_err(|e| Failure::Failed(format!("cannot start {threads} threads: {e}")))?;
    }
    let threads = args.threads;
    match args.command {
        Command::Predict(args) => commands::predict::run(&args),
        Command::Listen(args) => commands::listen::run(&args),
        Command::Serve(args) => commands::serve::run(&args, threads),
        Command::Health(args) => commands::health::run(&args),
        Command::Corpus(args) => commands::corpus::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Cv(args) => commands::cv::run(&args),
        Command::Ablate(args) => commands::ablate::run(&args),
        Command::Average(args) => commands::average::run(&args),
        Command::Rescore(args) => commands::rescore::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
    }
}

/// Help and version go to stdout with status 0, everything else that the parser says is usage.
fn refuse(error: &clap::Error) -> ExitCode {
    if let Some(message) = later::message(error) {
        notes::error(&message);
        return ExitCode::from(2);
    }
    // Nobody is left to tell where even this cannot be written.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
