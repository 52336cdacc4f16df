//! The terminal of a live view: drawn on and heard with escape sequences (ECMA-48) and termios alone.

mod ansi;
mod drawing;
mod keyboard;
mod takeover;

use std::io::{self, IsTerminal, Write};

use rustix::fd::{AsFd, BorrowedFd};

pub(crate) use ansi::Ansi;
pub(crate) use drawing::Drawing;
pub(crate) use keyboard::Keyboard;
pub(crate) use takeover::{enter, is_ours, is_taken, leave};

/// The standard stream that a view is drawn on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Screen {
    /// For a command whose result the view is.
    Stdout,
    /// For one that may write results beside it.
    Stderr,
}

impl AsFd for Screen {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Stdout => rustix::stdio::stdout(),
            Self::Stderr => rustix::stdio::stderr(),
        }
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout => io::stdout().write(bytes),
            Self::Stderr => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().flush(),
            Self::Stderr => io::stderr().flush(),
        }
    }
}

impl Screen {
    /// Whether somebody looks at it who may want a view: not in continuous integration, whose logs may look
    /// like a terminal, and not on one without cursor movement.
    pub(crate) fn is_looked_at(self) -> bool {
        let is_terminal = match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        };
        is_terminal
            && !is_set("CI")
            && std::env::var_os("TERM").is_some_and(|t| !t.is_empty() && t != "dumb")
    }
}

/// Whether a variable of the environment has a value.
pub(crate) fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}
