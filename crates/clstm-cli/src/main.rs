//! The `clstm` command.
//!
//! `args` defines the command line, `commands` implements the subcommands, one file each. Exit status: 0 all
//! done; 1 something failed, the rest was done and written; 2 wrong usage; 130 interrupted.

#![forbid(unsafe_code)]

mod args;
mod columns;
mod commands;
mod error;
mod inputs;
mod interrupt;
mod json;
mod listen;
mod logging;
mod messages;
mod name_pattern;
mod ordered_map;
mod output;
mod panics;
mod parquet_file;
mod resolve;
mod row_sink;
mod rows;
mod segments;
mod table;
mod terminal;
mod text;
mod timeline;
mod top;
mod training;
mod version;

use std::process::ExitCode;

use crate::args::{AnnotateCommand, Args, Command, Invocation};
use crate::error::CliError;

fn main() -> ExitCode {
    // `serve` starts this program as a decode worker; people do not.
    #[cfg(unix)]
    if std::env::args_os().nth(1).is_some_and(|arg| arg == commands::serve::DECODE_WORKER) {
        return clstm_server::run_decode_worker().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    panics::install_hook();
    let done = match args::parse(std::env::args_os()) {
        Ok(Invocation::Run(args)) => {
            messages::set_verbosity(args.verbosity());
            run(*args)
        }
        Ok(Invocation::ListSettings(preset)) => training::settings::list(preset),
        Err(error) => return usage(&error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn run(args: Args) -> Result<(), CliError> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global()
            .map_err(|e| CliError::Failed(format!("cannot start {threads} threads: {e}")))?;
    }
    let threads = args.threads;
    match args.command {
        Command::Predict(args) => commands::predict::run(&args),
        Command::Listen(args) => commands::listen::run(&args),
        Command::Serve(args) => commands::serve::run(&args, threads),
        Command::Healthcheck(args) => commands::healthcheck::run(&args),
        Command::Corpus(args) => commands::corpus::run(&args),
        Command::Annotate(args) => match args.command {
            AnnotateCommand::Export(args) => commands::annotate::export(&args),
        },
        Command::Train(args) => commands::train::run(&args),
        Command::Cv(args) => commands::cv::run(&args),
        Command::Ablate(args) => commands::ablate::run(&args),
        Command::Ensemble(args) => commands::ensemble::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Completions(args) => commands::generate::completions(&args),
        Command::Man(args) => commands::generate::man_pages(&args),
        Command::Licenses => commands::licenses::run(),
        Command::Rescore(args) => commands::evaluate::rescore(&args),
    }
}

/// Prints help or version to stdout (status 0), or what is wrong with the arguments to stderr (status 2).
fn usage(error: &clap::Error) -> ExitCode {
    // A closed stdout or stderr leaves nowhere to report to.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
