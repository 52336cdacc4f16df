//! Errors as Python exceptions.

use clstm::{ModelError, RecognizeError, StreamError};
use clstm_cli::OpenModelError;
use clstm_corpus::CorpusError;
use clstm_segments::SegmentsError;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;

/// Classes of `clstm.errors`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ErrorClass {
    /// The recording.
    Recognition,
    /// The model.
    Model,
}

impl ErrorClass {
    fn name(self) -> &'static str {
        match self {
            Self::Recognition => "RecognitionError",
            Self::Model => "ModelError",
        }
    }
}

/// Why a call failed.
pub(crate) enum Failure {
    /// An error of the library: class, kind and message.
    Library(ErrorClass, &'static str, String),
    /// An exception that a handler of signals has raised.
    Signal(PyErr),
    /// The work ended after Ctrl-C.
    Interrupted,
    /// The threads cannot be started.
    Threads(String),
}

impl Failure {
    /// The exception.
    pub(crate) fn exception(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Library(class, kind, message) => {
                let create = || {
                    let class = py.import("clstm.errors")?.getattr(class.name())?;
                    class.call1((message, kind))
                };
                create().map_or_else(|error| error, PyErr::from_value)
            }
            Self::Signal(error) => error,
            Self::Interrupted => PyKeyboardInterrupt::new_err(()),
            Self::Threads(message) => PyRuntimeError::new_err(message),
        }
    }
}

impl<E: KnownError> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Library(E::CLASS, error.kind(), error.to_string())
    }
}

/// What the library's errors have in common.
pub(crate) trait KnownError: std::fmt::Display {
    /// The class of the exception.
    const CLASS: ErrorClass;

    /// The stable word of the error.
    fn kind(&self) -> &'static str;
}

impl KnownError for RecognizeError {
    const CLASS: ErrorClass = ErrorClass::Recognition;

    fn kind(&self) -> &'static str {
        RecognizeError::kind(self)
    }
}

impl KnownError for StreamError {
    const CLASS: ErrorClass = ErrorClass::Recognition;

    fn kind(&self) -> &'static str {
        StreamError::kind(self)
    }
}

impl KnownError for SegmentsError {
    const CLASS: ErrorClass = ErrorClass::Recognition;

    fn kind(&self) -> &'static str {
        SegmentsError::kind(self)
    }
}

impl KnownError for ModelError {
    const CLASS: ErrorClass = ErrorClass::Model;

    fn kind(&self) -> &'static str {
        ModelError::kind(self)
    }
}

impl KnownError for OpenModelError {
    const CLASS: ErrorClass = ErrorClass::Model;

    fn kind(&self) -> &'static str {
        OpenModelError::kind(self)
    }
}

/// A class map that cannot be read.
impl KnownError for CorpusError {
    const CLASS: ErrorClass = ErrorClass::Model;

    fn kind(&self) -> &'static str {
        "class_map"
    }
}
