//! The `clstm` command.

use std::process::ExitCode;

use clstm_cli::RestartCommand;

fn main() -> ExitCode {
    clstm_cli::run(std::env::args_os().collect(), &RestartCommand::this_program()).into()
}
