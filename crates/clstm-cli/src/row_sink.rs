//! Where rows go: text, or a Parquet file.

use std::path::Path;

use crate::cells::{Cell, Column};
use crate::failure::Failure;
use crate::output::Output;
use crate::parquet_file::ParquetFile;

/// Receives rows and nothing else.
pub(crate) enum RowSink {
    /// Rows as text, written through at once.
    Text(Output),
    /// Rows of cells.
    Parquet(Box<ParquetFile>),
}

impl RowSink {
    /// A Parquet file, which needs a name: it is written to the end before it can be read.
    pub(crate) fn parquet(path: Option<&Path>, columns: Vec<Column>) -> Result<Self, Failure> {
        let Some(path) = path else {
            let message = "--format parquet needs a file to write to: name one with --output";
            return Err(Failure::Usage(message.to_owned()));
        };
        Ok(Self::Parquet(Box::new(ParquetFile::create(path, columns)?)))
    }

    /// Writes rows, given either way.
    pub(crate) fn write(
        &mut self,
        text: impl FnOnce() -> String,
        rows: impl FnOnce() -> Vec<Vec<Cell>>,
    ) -> Result<(), Failure> {
        match self {
            Self::Text(output) => output.write(&text()),
            Self::Parquet(file) => rows().into_iter().try_for_each(|row| file.push(row)),
        }
    }

    /// All rows are there.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Text(_) => Ok(()),
            Self::Parquet(file) => file.finish(),
        }
    }
}
