//! Rows in a Parquet file (<https://parquet.apache.org/docs/file-format/>).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::columns::{Column, ColumnType, Value};
use crate::error::CliError;
use crate::output::OutputGuard;
use crate::text::PathText;

/// Rows of a row group: a few MB, so that memory is bounded for archives of any size.
const GROUP: usize = 16_384;

/// A Parquet file that is being written. It gets its name when it is complete: it cannot be read without its footer.
pub(crate) struct ParquetFile {
    path: PathBuf,
    part: PathBuf,
    columns: Vec<Column>,
    writer: Option<SerializedFileWriter<File>>,
    rows: Vec<Vec<Value>>,
}

impl ParquetFile {
    /// A file of these columns at `path`, which the option `option` names.
    pub(crate) fn create(
        guard: &mut OutputGuard,
        option: &str,
        path: &Path,
        columns: Vec<Column>,
    ) -> Result<Self, CliError> {
        guard.check_replaced(option, path)?;
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let name = path.text();
        let file = guard.create_temporary(option, &part)?;
        let failed =
            |error: ParquetError| CliError::Failed(format!("cannot write {name}: {error}"));
        let schema = Arc::new(schema(&columns).map_err(failed)?);
        let properties = Arc::new(WriterProperties::builder().build());
        let writer = SerializedFileWriter::new(file, schema, properties).map_err(failed)?;
        Ok(Self { path: path.to_owned(), part, columns, writer: Some(writer), rows: Vec::new() })
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Vec<Value>) -> Result<(), CliError> {
        self.rows.push(row);
        if self.rows.len() < GROUP { Ok(()) } else { self.write_group() }
    }

    /// Writes the last rows and the footer, and renames the file to its path.
    pub(crate) fn finish(mut self) -> Result<(), CliError> {
        if !self.rows.is_empty() {
            self.write_group()?;
        }
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(|error| self.failed(&error))?;
        }
        let name = self.path.text();
        fs::rename(&self.part, &self.path).map_err(|error| CliError::writing(&name, &error))
    }

    fn failed(&self, error: &ParquetError) -> CliError {
        CliError::Failed(format!("cannot write {}: {error}", self.path.text()))
    }

    fn write_group(&mut self) -> Result<(), CliError> {
        let rows = std::mem::take(&mut self.rows);
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        let written = write(&mut writer, &self.columns, &rows);
        self.writer = Some(writer);
        written.map_err(|error| self.failed(&error))
    }
}

/// Removes an incomplete file.
impl Drop for ParquetFile {
    fn drop(&mut self) {
        if self.writer.is_some() {
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// All columns are optional.
fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let fields = columns.iter().map(|(name, kind)| {
        let (physical, logical) = match kind {
            ColumnType::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            ColumnType::Number => (Physical::DOUBLE, None),
            ColumnType::Flag => (Physical::BOOLEAN, None),
        };
        let field = Type::primitive_type_builder(name, physical);
        let field = field.with_logical_type(logical).with_repetition(Repetition::OPTIONAL);
        field.build().map(Arc::new)
    });
    let fields = fields.collect::<Result<_, _>>()?;
    Type::group_type_builder("row").with_fields(fields).build()
}

/// Writes rows as a row group, column by column.
fn write(
    writer: &mut SerializedFileWriter<File>,
    columns: &[Column],
    rows: &[Vec<Value>],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for (index, (_, kind)) in columns.iter().enumerate() {
        let Some(mut column) = group.next_column()? else { break };
        let cells = || rows.iter().map(|row| row.get(index).unwrap_or(&Value::Empty));
        // Definition levels: 1 for a value, 0 for none.
        let levels: Vec<i16> = cells().map(|cell| i16::from(*cell != Value::Empty)).collect();
        let levels = Some(&levels[..]);
        match kind {
            ColumnType::Text => {
                let text = |cell: &Value| match cell {
                    Value::Text(text) => Some(ByteArray::from(text.as_str())),
                    _ => None,
                };
                let values: Vec<ByteArray> = cells().filter_map(text).collect();
                column.typed::<ByteArrayType>().write_batch(&values, levels, None)?;
            }
            ColumnType::Number => {
                let number =
                    |cell: &Value| if let Value::Number(x) = cell { Some(*x) } else { None };
                let values: Vec<f64> = cells().filter_map(number).collect();
                column.typed::<DoubleType>().write_batch(&values, levels, None)?;
            }
            ColumnType::Flag => {
                let flag = |cell: &Value| if let Value::Flag(x) = cell { Some(*x) } else { None };
                let values: Vec<bool> = cells().filter_map(flag).collect();
                column.typed::<BoolType>().write_batch(&values, levels, None)?;
            }
        }
        column.close()?;
    }
    group.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::{GROUP, ParquetFile};
    use crate::columns::{ColumnType, Value};

    #[test]
    fn rows_are_read_back_over_several_groups_once_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let mut guard = crate::output::OutputGuard::new(false);
        let columns = || {
            let column = |name: &str, kind| (name.to_owned(), kind);
            vec![
                column("path", ColumnType::Text),
                column("p", ColumnType::Number),
                column("yes", ColumnType::Flag),
            ]
        };
        let mut file = ParquetFile::create(&mut guard, "--output", &path, columns()).unwrap();
        let count = GROUP + 3;
        for i in 0..count {
            let number = if i % 3 == 0 { Value::Empty } else { Value::Number(i as f64 / 7.0) };
            let text = if i == 1 { Value::Empty } else { Value::Text(format!("{i}, \"é\"")) };
            file.push(vec![text, number, Value::Flag(i % 2 == 0)]).unwrap();
        }
        assert!(!path.exists(), "not complete yet");
        file.finish().unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(rows.len(), count);
        assert_eq!(rows[0], "{path: \"0, \"é\"\", p: null, yes: true}");
        assert!(rows[1].starts_with("{path: null, p: 0.142857142857142"), "{}", rows[1]);
        assert!(rows[count - 1].contains("yes: true"));

        let lost = folder.path().join("lost.parquet");
        drop(ParquetFile::create(&mut guard, "--output", &lost, columns()).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "no incomplete file is left");
    }
}
