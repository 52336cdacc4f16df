use std::path::{Path, PathBuf};

use thiserror::Error;

/// What can go wrong with a report.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A folder that holds neither a run nor runs.
    #[error(
        "{} holds no run: a run has metrics.json, or fold-1, fold-2, … with one each, as `clstm cv` \
         writes them", path.display()
    )]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// A file that could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of a run that is not what `clstm cv` writes.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two runs that cannot be compared.
    #[error("{first} and {second} cannot be compared: {reason}")]
    Incomparable {
        /// Name of one.
        first: String,
        /// Name of the other.
        second: String,
        /// Why.
        reason: String,
    },
    /// A record that cannot be read.
    #[error(transparent)]
    Eval(#[from] clstm_eval::EvalError),
    /// A figure that could not be drawn as PNG.
    #[error("the figure {figure} cannot be drawn as PNG: {reason}")]
    Png {
        /// Its name.
        figure: String,
        /// Why.
        reason: String,
    },
}

impl ReportError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn malformed(path: &Path, reason: impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), reason: reason.to_string() }
    }
}
