//! Values of a column of a row group.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;

/// The values of a column as texts, one for each row, `None` where there is none.
pub(super) fn texts(
    group: &dyn RowGroupReader,
    column: usize,
) -> Result<Vec<Option<String>>, ParquetError> {
    let rows = usize::try_from(group.metadata().num_rows())
        .map_err(|_| ParquetError::General("a negative number of rows".to_owned()))?;
    match group.get_column_reader(column)? {
        ColumnReader::BoolColumnReader(reader) => values(reader, rows, |x| Ok(x.to_string())),
        ColumnReader::Int32ColumnReader(reader) => values(reader, rows, |x| Ok(x.to_string())),
        ColumnReader::Int64ColumnReader(reader) => values(reader, rows, |x| Ok(x.to_string())),
        ColumnReader::FloatColumnReader(reader) => values(reader, rows, |x| Ok(x.to_string())),
        ColumnReader::DoubleColumnReader(reader) => values(reader, rows, |x| Ok(x.to_string())),
        ColumnReader::ByteArrayColumnReader(reader) => {
            values(reader, rows, |x| x.as_utf8().map(str::to_owned))
        }
        _ => Err(ParquetError::General("no text and no number".to_owned())),
    }
}

/// All values of a column, one for each row.
fn values<T: DataType, V>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    convert: impl Fn(&T::T) -> Result<V, ParquetError>,
) -> Result<Vec<Option<V>>, ParquetError> {
    let mut column = Vec::new();
    while column.len() < rows {
        let read = next(&mut reader, ROWS_AT_A_TIME.min(rows - column.len()))?;
        if read.is_empty() {
            let problem = format!("{} values instead of {rows}", column.len());
            return Err(ParquetError::General(problem));
        }
        for value in &read {
            column.push(value.as_ref().map(&convert).transpose()?);
        }
    }
    Ok(column)
}

/// Values of texts that are in memory twice for a moment.
const ROWS_AT_A_TIME: usize = 1024;

/// The next values of a column, at most `rows`; fewer at its end.
pub(super) fn next<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
) -> Result<Vec<Option<T::T>>, ParquetError> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let (read, present, _) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    if present == read {
        return Ok(values.into_iter().map(Some).collect());
    }
    // A value is there where its level is the highest: all levels of a column without lists are values or nulls.
    let highest = levels.iter().copied().max().unwrap_or_default();
    let mut values = values.into_iter();
    Ok(levels
        .into_iter()
        .map(|level| if present > 0 && level == highest { values.next() } else { None })
        .collect())
}
