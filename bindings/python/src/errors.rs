//! Errors as Python exceptions.

use clstm::{ModelError, RecognizeError, StreamError};
use clstm_cli::OpenModelError;
use clstm_corpus::CorpusError;
use pyo3::prelude::*;

use crate::segments::ReadError;

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

/// The exception with the message and kind of an error.
pub(crate) fn exception(py: Python<'_>, class: ErrorClass, kind: &str, message: &str) -> PyErr {
    let create = || {
        let class = py.import("clstm.errors")?.getattr(class.name())?;
        class.call1((message, kind))
    };
    create().map_or_else(|error| error, PyErr::from_value)
}

/// What the library's errors have in common.
pub(crate) trait KnownError: std::fmt::Display {
    /// The class of the exception.
    const CLASS: ErrorClass;

    /// The stable word of the error.
    fn kind(&self) -> &'static str;

    /// The exception.
    fn exception(&self, py: Python<'_>) -> PyErr {
        exception(py, Self::CLASS, self.kind(), &self.to_string())
    }
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
pub(crate) fn class_map(py: Python<'_>, error: &CorpusError) -> PyErr {
    exception(py, ErrorClass::Model, "class_map", &error.to_string())
}

/// Segments that cannot be read.
pub(crate) fn segments(py: Python<'_>, error: &ReadError) -> PyErr {
    match error {
        ReadError::File(kind, message) => exception(py, ErrorClass::Recognition, kind, message),
        ReadError::Segments(error) => {
            exception(py, ErrorClass::Recognition, error.kind(), &error.to_string())
        }
    }
}
