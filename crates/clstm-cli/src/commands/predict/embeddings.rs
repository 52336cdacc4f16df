//! `--embeddings`: the deep features of recordings in a Parquet file.

use crate::args::PredictArgs;
use crate::columns::{Column, ColumnType, Value};
use crate::error::CliError;
use crate::output::OutputGuard;
use crate::parquet_file::ParquetFile;

/// Rows of a path, its predicted label and its features `e_0`, `e_1`, ...: the input of the last layer, the mean over the
/// windows of a recording.
pub(super) struct Embeddings(ParquetFile);

impl Embeddings {
    /// The file of `--embeddings`, with this many features; `None` without the option.
    pub(super) fn open(
        args: &PredictArgs,
        guard: &mut OutputGuard,
        features: usize,
    ) -> Result<Option<Self>, CliError> {
        let Some(path) = &args.embeddings else { return Ok(None) };
        let text = |name: &str| -> Column { (name.to_owned(), ColumnType::Text) };
        let mut columns = vec![text("path"), text("label")];
        columns.extend((0..features).map(|index| (format!("e_{index}"), ColumnType::Number)));
        Ok(Some(Self(ParquetFile::create(guard, "--embeddings", path, columns)?)))
    }

    /// Adds a recording: its label, which is `None` without speech, and its features.
    pub(super) fn push(
        &mut self,
        path: &str,
        label: Option<&str>,
        features: Vec<f64>,
    ) -> Result<(), CliError> {
        let texts = [Value::Text(path.to_owned()), Value::text(label)];
        self.0.push(texts.into_iter().chain(features.into_iter().map(Value::Number)).collect())
    }

    /// Completes the file.
    pub(super) fn finish(self) -> Result<(), CliError> {
        self.0.finish()
    }
}
