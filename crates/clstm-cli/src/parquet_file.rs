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

use crate::cells::{Cell, Column, Kind};
use crate::failure::Failure;

/// Rows of a row group: some MB, so that an archive of any size is written in the same memory.
const GROUP: usize = 16_384;

/// A Parquet file under way. It has its name when it is whole: without its footer nobody can read it.
pub(crate) struct ParquetFile {
    path: PathBuf,
    part: PathBuf,
    columns: Vec<Column>,
    writer: Option<SerializedFileWriter<File>>,
    rows: Vec<Vec<Cell>>,
}

impl ParquetFile {
    /// A file of these columns.
    pub(crate) fn create(path: &Path, columns: Vec<Column>) -> Result<Self, Failure> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let name = path.display().to_string();
        let file = File::create(&part).map_err(|error| Failure::writing(&name, &error))?;
        let failed = |error: ParquetError| Failure::Failed(format!("cannot write {name}: {error}"));
        let schema = Arc::new(schema(&columns).map_err(failed)?);
        let properties = Arc::new(WriterProperties::builder().build());
        let writer = SerializedFileWriter::new(file, schema, properties).map_err(failed)?;
        Ok(Self { path: path.to_owned(), part, columns, writer: Some(writer), rows: Vec::new() })
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Vec<Cell>) -> Result<(), Failure> {
        self.rows.push(row);
        if self.rows.len() < GROUP { Ok(()) } else { self.write_group() }
    }

    /// Writes what is left, and the footer, and gives the file its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        if !self.rows.is_empty() {
            self.write_group()?;
        }
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(|error| self.failed(&error))?;
        }
        let name = self.path.display().to_string();
        fs::rename(&self.part, &self.path).map_err(|error| Failure::writing(&name, &error))
    }

    fn failed(&self, error: &ParquetError) -> Failure {
        Failure::Failed(format!("cannot write {}: {error}", self.path.display()))
    }

    fn write_group(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.rows);
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        let written = write(&mut writer, &self.columns, &rows);
        self.writer = Some(writer);
        written.map_err(|error| self.failed(&error))
    }
}

/// What is not whole is of no use to anybody.
impl Drop for ParquetFile {
    fn drop(&mut self) {
        if self.writer.is_some() {
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Every cell may be missing.
fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let fields = columns.iter().map(|(name, kind)| {
        let (physical, logical) = match kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Number => (Physical::DOUBLE, None),
            Kind::Flag => (Physical::BOOLEAN, None),
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
    rows: &[Vec<Cell>],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for (index, (_, kind)) in columns.iter().enumerate() {
        let Some(mut column) = group.next_column()? else { break };
        let cells = || rows.iter().map(|row| row.get(index).unwrap_or(&Cell::Empty));
        // 1 for a cell that is there.
        let there: Vec<i16> = cells().map(|cell| i16::from(*cell != Cell::Empty)).collect();
        let there = Some(&there[..]);
        match kind {
            Kind::Text => {
                let text = |cell: &Cell| match cell {
                    Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                    _ => None,
                };
                let values: Vec<ByteArray> = cells().filter_map(text).collect();
                column.typed::<ByteArrayType>().write_batch(&values, there, None)?;
            }
            Kind::Number => {
                let number = |cell: &Cell| if let Cell::Number(x) = cell { Some(*x) } else { None };
                let values: Vec<f64> = cells().filter_map(number).collect();
                column.typed::<DoubleType>().write_batch(&values, there, None)?;
            }
            Kind::Flag => {
                let flag = |cell: &Cell| if let Cell::Flag(x) = cell { Some(*x) } else { None };
                let values: Vec<bool> = cells().filter_map(flag).collect();
                column.typed::<BoolType>().write_batch(&values, there, None)?;
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
    use crate::cells::{Cell, Kind};

    #[test]
    fn rows_come_back_over_several_groups_and_only_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let columns = || {
            let column = |name: &str, kind| (name.to_owned(), kind);
            vec![column("path", Kind::Text), column("p", Kind::Number), column("yes", Kind::Flag)]
        };
        let mut file = ParquetFile::create(&path, columns()).unwrap();
        let count = GROUP + 3;
        for i in 0..count {
            let number = if i % 3 == 0 { Cell::Empty } else { Cell::Number(i as f64 / 7.0) };
            let text = if i == 1 { Cell::Empty } else { Cell::Text(format!("{i}, \"é\"")) };
            file.push(vec![text, number, Cell::Flag(i % 2 == 0)]).unwrap();
        }
        assert!(!path.exists(), "not whole yet");
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
        drop(ParquetFile::create(&lost, columns()).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing half written stays");
    }
}
