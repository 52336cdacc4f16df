//! Where rows go: text, or a Parquet file.

use std::path::Path;

use crate::columns::{Column, Value};
use crate::error::CliError;
use crate::output::{Output, OutputGuard};
use crate::parquet_file::ParquetFile;

/// Receives rows and nothing else.
pub(crate) enum RowSink {
    /// Rows as text, written through at once.
    Text(Output),
    /// Rows of cells.
    Parquet(Box<ParquetFile>),
}

impl RowSink {
    /// A Parquet file. It needs a path: readers start at its end, so that it cannot be streamed.
    pub(crate) fn parquet(
        guard: &mut OutputGuard,
        path: Option<&Path>,
        columns: Vec<Column>,
    ) -> Result<Self, CliError> {
        let Some(path) = path else {
            let message = "--format parquet needs a file to write to: give one with --output";
            return Err(CliError::Usage(message.to_owned()));
        };
        let file = ParquetFile::create(guard, "--output", path, columns)?;
        Ok(Self::Parquet(Box::new(file)))
    }

    /// Writes rows, as text or as values.
    pub(crate) fn write(
        &mut self,
        text: impl FnOnce() -> String,
        rows: impl FnOnce() -> Vec<Vec<Value>>,
    ) -> Result<(), CliError> {
        match self {
            Self::Text(output) => output.write(&text()),
            Self::Parquet(file) => rows().into_iter().try_for_each(|row| file.push(row)),
        }
    }

    /// Completes the file: all rows are written.
    pub(crate) fn finish(self) -> Result<(), CliError> {
        match self {
            Self::Text(_) => Ok(()),
            Self::Parquet(file) => file.finish(),
        }
    }
}
