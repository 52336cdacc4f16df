//! Messages for people, on stderr.

use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::args::Verbosity;
use crate::text::printable_lines;

static VERBOSITY: AtomicU8 = AtomicU8::new(Verbosity::Normal as u8);

/// Chooses which messages are printed.
pub(crate) fn set_verbosity(verbosity: Verbosity) {
    VERBOSITY.store(verbosity as u8, Ordering::Relaxed);
}

fn prints(least: Verbosity) -> bool {
    VERBOSITY.load(Ordering::Relaxed) >= least as u8
}

/// Prints a note.
pub(crate) fn note(message: &str) {
    if prints(Verbosity::Normal) {
        print(message);
    }
}

/// Prints a warning.
pub(crate) fn warn(message: &str) {
    if prints(Verbosity::Normal) {
        print(&format!("clstm: warning: {message}"));
    }
}

/// Prints an error.
pub(crate) fn error(message: &str) {
    if prints(Verbosity::Errors) {
        print(&format!("clstm: {message}"));
    }
}

/// A closed stderr is no error: there is nowhere to report it.
fn print(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable_lines(message));
}
