use std::path::{Path, PathBuf};

use thiserror::Error;

/// What can go wrong in a training.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A recipe that cannot be followed.
    #[error("invalid recipe: {0}")]
    Recipe(String),
    /// The corpus.
    #[error(transparent)]
    Corpus(#[from] clstm_corpus::CorpusError),
    /// The network.
    #[error(transparent)]
    Network(#[from] clstm_nn::NetworkError),
    /// A model file.
    #[error(transparent)]
    Model(#[from] clstm::ModelError),
    /// The audio front end.
    #[error(transparent)]
    Audio(#[from] clstm_audio::AudioError),
    /// Recordings of the corpus that cannot be used.
    #[error(
        "{} of the corpus's recordings cannot be used, the first being {}: {}; \
         `clstm corpus check` lists them all", bad.len(), bad[0].path.display(), bad[0].message
    )]
    BadUtterances {
        /// All of them; never empty.
        bad: Vec<crate::BadUtterance>,
    },
    /// Nothing to train or test on.
    #[error("{0}")]
    Empty(String),
    /// A file or folder of the run.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A checkpoint or metrics file that cannot be read back.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The records of a run.
    #[error(transparent)]
    Eval(#[from] clstm_eval::EvalError),
    /// A loss, a gradient or a weight is infinite or not a number. Nothing that is not finite was saved.
    #[error("the training diverged in epoch {epoch}: {cause}; lower optimizer.learning_rate")]
    Diverged {
        /// From 1.
        epoch: usize,
        /// What is not finite.
        cause: crate::NonFinite,
    },
    /// A run that a training cannot build on.
    #[error("{}: {what}", path.display())]
    Earlier {
        /// The run's folder.
        path: PathBuf,
        /// Why not.
        what: String,
    },
    /// Models that cannot teach a training.
    #[error("teacher {0}")]
    Teacher(String),
    /// The caller requested a stop; the state was saved.
    #[error("stopped; everything up to here is saved in {}, continue with --resume", path.display())]
    Stopped {
        /// The checkpoint.
        path: PathBuf,
    },
}

impl TrainError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn malformed(path: &Path, reason: impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), reason: reason.to_string() }
    }
}
