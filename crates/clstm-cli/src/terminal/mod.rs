//! The terminal of a live view: what this command asks of it, through crossterm.

#[cfg(not(feature = "terminal"))]
mod absent;
#[cfg(feature = "terminal")]
mod backend;
#[cfg(feature = "terminal")]
mod keyboard;
#[cfg(feature = "terminal")]
mod raw_mode;
#[cfg(feature = "terminal")]
mod render_thread;

use std::io::{self, IsTerminal, Write};

#[cfg(not(feature = "terminal"))]
pub(crate) use absent::{RenderThread, is_taken, leave};
#[cfg(feature = "terminal")]
pub(crate) use backend::CrosstermBackend;
#[cfg(feature = "terminal")]
pub(crate) use keyboard::{Key, next_key};
#[cfg(feature = "terminal")]
pub(crate) use raw_mode::{is_taken, leave};
#[cfg(feature = "terminal")]
pub(crate) use render_thread::RenderThread;

/// The standard stream that a view is drawn on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Screen {
    /// For a command whose result is the view.
    Stdout,
    /// For a command that may write results beside the view.
    Stderr,
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
    /// Whether a live view makes sense: on a terminal that can move its cursor, and not in continuous integration,
    /// whose logs may look like a terminal. Never in a build without the feature `terminal`.
    pub(crate) fn suits_live_view(self) -> bool {
        let is_terminal = match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        };
        let term = std::env::var_os("TERM");
        let capable = match &term {
            Some(term) => !term.is_empty() && term != "dumb",
            // The console of Windows sets no TERM.
            None => cfg!(windows),
        };
        cfg!(feature = "terminal") && is_terminal && capable && !is_set("CI")
    }

    /// The screen to draw on, once the terminal is taken.
    #[cfg(feature = "terminal")]
    pub(crate) fn open(self) -> io::Result<ratatui::Terminal<CrosstermBackend<Self>>> {
        ratatui::Terminal::new(CrosstermBackend::new(self))
    }
}

/// Whether a variable of the environment has a value.
pub(crate) fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}
