//! Starting the command again, in another process.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// A program and its first arguments that execute the command in another process.
#[derive(Clone, Debug)]
pub struct RestartCommand {
    /// The program.
    pub program: PathBuf,
    /// Arguments before those of the command: none for the `clstm` program.
    pub arguments: Vec<OsString>,
}

impl RestartCommand {
    /// The program of this process, if that is the command.
    #[must_use]
    pub fn this_program() -> Self {
        // On Linux the link names this program even after its file was replaced by an update.
        let program = match cfg!(target_os = "linux") {
            true => "/proc/self/exe".into(),
            false => std::env::current_exe().unwrap_or_else(|_| "clstm".into()),
        };
        Self { program, arguments: Vec::new() }
    }

    /// A process of the command with these arguments.
    pub(crate) fn command(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(arguments);
        command
    }
}

/// How this process was started: the command line and how to start another one.
#[derive(Debug)]
pub(crate) struct Started {
    /// The arguments behind the name of the program.
    pub(crate) arguments: Vec<OsString>,
    /// Starts the command again.
    pub(crate) restart: RestartCommand,
}

static STARTED: OnceLock<Started> = OnceLock::new();

/// Keeps how the command was started.
pub(crate) fn keep(line: &[OsString], restart: &RestartCommand) {
    let arguments = line.get(1..).unwrap_or_default().to_vec();
    // The first call counts: there is one command line in a process.
    let _ = STARTED.set(Started { arguments, restart: restart.clone() });
}

/// How the command was started.
pub(crate) fn started() -> &'static Started {
    STARTED.get_or_init(|| Started {
        arguments: std::env::args_os().skip(1).collect(),
        restart: RestartCommand::this_program(),
    })
}
