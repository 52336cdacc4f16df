//! What people read beside the results: on stderr.

use std::io::Write;

/// A line on stderr. Where that is closed there is nobody to tell.
pub(crate) fn note(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// A warning, made to be noticed.
pub(crate) fn warn(message: &str) {
    note(&format!("clstm: warning: {message}"));
}

/// What went wrong.
pub(crate) fn error(message: &str) {
    note(&format!("clstm: {message}"));
}
