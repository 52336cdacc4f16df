//! How a command ends when it does not end well.

use std::error::Error;
use std::io;

use clstm_corpus::CorpusError;
use clstm_report::ReportError;
use clstm_train::TrainError;

/// Why a command stopped, or what its exit status tells.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong usage: status 2.
    Usage(String),
    /// Something failed: status 1.
    Failed(String),
    /// Something failed and was told already: status 1.
    Told,
    /// The reader of stdout has gone, as `head` does: nobody to tell, nothing wrong.
    Closed,
}

impl Failure {
    /// What went wrong when writing to `name`.
    pub(crate) fn writing(name: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(format!("cannot write {name}: {error}")),
        }
    }
}

/// The message of an error with those of its causes, where they are not part of it already.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    message
}

impl From<CorpusError> for Failure {
    fn from(error: CorpusError) -> Self {
        let message = chain(&error);
        match error {
            CorpusError::UnknownCorpus { .. }
            | CorpusError::UnknownSplit(_)
            | CorpusError::LabelMap { .. }
            | CorpusError::NoTarget { .. }
            | CorpusError::UnsupportedSplit { .. }
            | CorpusError::FoldCount { .. } => Self::Usage(message),
            _ => Self::Failed(message),
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Corpus(error) => error.into(),
            TrainError::Recipe(_) => Self::Usage(chain(&error)),
            _ => Self::Failed(chain(&error)),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        Self::Failed(chain(&error))
    }
}

impl From<clstm::ModelError> for Failure {
    fn from(error: clstm::ModelError) -> Self {
        Self::Failed(chain(&error))
    }
}
