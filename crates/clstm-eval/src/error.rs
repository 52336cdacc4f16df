use std::path::{Path, PathBuf};

use thiserror::Error;

/// Errors of reading, writing and comparing results.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A file or folder of a run cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file of a run does not hold what it should.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing to evaluate.
    #[error("{0}")]
    Empty(String),
    /// The folder already holds a run.
    #[error(
        "{} already holds a run; continue it with --resume or choose another --output",
        path.display()
    )]
    RunExists {
        /// The run's folder.
        path: PathBuf,
    },
    /// The run in the folder has other settings or other data.
    #[error(
        "the run in {} was started differently ({what}); resume with the same settings or choose \
         another --output", path.display()
    )]
    OtherRun {
        /// The run's folder.
        path: PathBuf,
        /// What differs.
        what: String,
    },
    /// Two runs cannot be compared.
    #[error("{0}")]
    Incomparable(String),
}

impl EvalError {
    /// An error of the file system at `path`.
    #[must_use]
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// A file that does not hold what it should.
    #[must_use]
    pub fn malformed(path: &Path, reason: impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), reason: reason.to_string() }
    }
}
