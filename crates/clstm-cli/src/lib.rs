//! The `clstm` command as a function: [`run`] is what the program and the Python package execute.
//!
//! `args` defines the command line, `commands` implements the subcommands, one file each. Exit status: 0 all
//! done; 1 something failed, the rest was done and written; 2 wrong usage; 130 interrupted.

mod args;
mod columns;
mod commands;
mod error;
mod inputs;
mod interrupt;
mod json;
mod listen;
#[cfg(feature = "server")]
mod logging;
mod messages;
mod name_pattern;
mod ordered_map;
mod output;
mod panics;
mod parquet_file;
mod resolve;
mod restart;
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

use std::ffi::OsString;
use std::io::Write;

use crate::args::{AnnotateCommand, Args, Command, Invocation};
use crate::error::CliError;

pub use crate::resolve::model::{OpenModelError, open_model};
pub use crate::restart::RestartCommand;

/// Executes a command line, whose first item is the name of the program, and returns the exit status.
///
/// It prints to the standard streams, handles Ctrl-C and SIGTERM, and sizes the global thread pool: call it once in a
/// process. `restart` starts the same command in another process, which `serve` does for its decode workers.
pub fn run(arguments: Vec<OsString>, restart: &RestartCommand) -> u8 {
    // `serve` starts this program as a decode worker; people do not.
    #[cfg(all(unix, feature = "server"))]
    if arguments.get(1).is_some_and(|argument| argument == commands::serve::DECODE_WORKER) {
        return u8::from(clstm_server::run_decode_worker().is_err());
    }
    panics::install_hook();
    restart::keep(&arguments, restart);
    let done = match args::parse(arguments.into_iter()) {
        Ok(Invocation::Run(args)) => {
            messages::set_verbosity(args.verbosity());
            execute(*args)
        }
        Ok(Invocation::ListSettings(preset)) => training::settings::list(preset),
        Err(error) => return usage(&error),
    };
    // Only a Rust program flushes it at its end; a closed stdout has been noticed before.
    let _ = std::io::stdout().flush();
    match done {
        Ok(()) => 0,
        Err(error) => error.report(),
    }
}

fn execute(args: Args) -> Result<(), CliError> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global()
            .map_err(|e| CliError::Failed(format!("cannot start {threads} threads: {e}")))?;
    }
    #[cfg(feature = "server")]
    let threads = args.threads;
    match args.command {
        Command::Predict(args) => commands::predict::run(&args),
        Command::Listen(args) => commands::listen::run(&args),
        #[cfg(feature = "server")]
        Command::Serve(args) => commands::serve::run(&args, threads),
        #[cfg(feature = "server")]
        Command::Healthcheck(args) => commands::healthcheck::run(&args),
        #[cfg(not(feature = "server"))]
        Command::Serve(_) => Err(CliError::Usage(
            "this build has no server: the Python package contains none; the program `clstm` has it".to_owned(),
        )),
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
        Command::Export(args) => commands::export::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Completions(args) => commands::generate::completions(&args),
        Command::Man(args) => commands::generate::man_pages(&args),
        Command::Licenses => commands::licenses::run(),
        Command::Rescore(args) => commands::evaluate::rescore(&args),
    }
}

/// Prints help or version to stdout (status 0), or what is wrong with the arguments to stderr (status 2).
fn usage(error: &clap::Error) -> u8 {
    // A closed stdout or stderr leaves nowhere to report to.
    let _ = error.print();
    let _ = std::io::stdout().flush();
    if error.use_stderr() { 2 } else { 0 }
}
