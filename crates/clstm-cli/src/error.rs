//! How a command ends when it does not succeed.

use std::error::Error;
use std::io;

use clstm_corpus::CorpusError;
use clstm_report::ReportError;
use clstm_train::TrainError;

use crate::{interrupt, messages};

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum CliError {
    /// Wrong usage: status 2.
    Usage(String),
    /// Something failed: status 1, or 130 after an interrupt.
    Failed(String),
    /// Something failed and has been reported already: status 1, or 130 after an interrupt.
    Reported,
    /// The reader of stdout has closed it, as `head` does: no error.
    BrokenPipe,
}

impl CliError {
    /// An error when writing to `name`.
    pub(crate) fn writing(name: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Failed(format!("cannot write {name}: {error}")),
        }
    }

    /// Prints what has not been reported yet, and gives the exit status.
    pub(crate) fn report(self) -> u8 {
        let failed = || if interrupt::is_interrupted() { 130 } else { 1 };
        match self {
            Self::BrokenPipe => 0,
            Self::Reported => failed(),
            Self::Failed(message) => {
                messages::error(&message);
                failed()
            }
            Self::Usage(message) => {
                messages::error(&message);
                2
            }
        }
    }
}

/// The message of an error with those of its causes, as far as they are not part of it already.
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

impl From<CorpusError> for CliError {
    fn from(error: CorpusError) -> Self {
        let message = chain(&error);
        match error {
            CorpusError::UnknownCorpus { .. }
            | CorpusError::UnknownSplit(_)
            | CorpusError::LabelMap { .. }
            | CorpusError::NoTarget { .. }
            | CorpusError::SeveralTargets { .. }
            | CorpusError::EmptyTarget { .. }
            | CorpusError::UnsupportedSplit { .. }
            | CorpusError::FoldCount { .. } => Self::Usage(message),
            CorpusError::UnknownClasses { .. } => Self::Failed(format!(
                "{message}; --label-map FILE maps labels to classes of the model, see `clstm inspect`"
            )),
            _ => Self::Failed(message),
        }
    }
}

impl From<TrainError> for CliError {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Corpus(error) => error.into(),
            TrainError::Recipe(_) => Self::Usage(chain(&error)),
            _ => Self::Failed(chain(&error)),
        }
    }
}

impl From<clstm_eval::EvalError> for CliError {
    fn from(error: clstm_eval::EvalError) -> Self {
        Self::Failed(chain(&error))
    }
}

impl From<ReportError> for CliError {
    fn from(error: ReportError) -> Self {
        Self::Failed(chain(&error))
    }
}

impl From<clstm::ModelError> for CliError {
    fn from(error: clstm::ModelError) -> Self {
        match error {
            clstm::ModelError::ClassMap { .. } => Self::Usage(chain(&error)),
            _ => Self::Failed(chain(&error)),
        }
    }
}
