//! All columns of a Parquet file as texts.

use std::io;
use std::path::Path;

use clstm_audio::MAX_LIST_BYTES;
use parquet::file::reader::FileReader;

use super::columns::texts;
use super::file::ParquetFile;

/// The rows of a Parquet file, the first of them the names of the columns. A cell without a value is empty. Columns of several
/// values a row are left out.
///
/// # Errors
/// If the file cannot be read, is compressed by other methods than Snappy and Gzip, or has more than 256 MiB of text.
pub fn parquet_texts(path: &Path) -> io::Result<Vec<Vec<String>>> {
    let file = ParquetFile::open(path).map_err(io::Error::other)?;
    let columns = file.scalars(None);
    let indices: Vec<usize> = columns.iter().map(|column| column.index).collect();
    file.check_compression(&indices).map_err(io::Error::other)?;
    let mut rows: Vec<Vec<String>> =
        vec![columns.iter().map(|column| column.name.clone()).collect()];
    let mut bytes = 0;
    for index in 0..file.reader.num_row_groups() {
        let group = file.reader.get_row_group(index).map_err(io::Error::other)?;
        let count = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let first = rows.len();
        rows.resize_with(first + count, Vec::new);
        for column in &columns {
            let values = texts(&*group, column.index).map_err(io::Error::other)?;
            for (row, value) in rows[first..].iter_mut().zip(values) {
                let value = value.unwrap_or_default();
                bytes += value.len() as u64;
                row.push(value);
            }
            if bytes > MAX_LIST_BYTES {
                let problem = format!("has more than {MAX_LIST_BYTES} bytes of text");
                return Err(io::Error::other(problem));
            }
        }
    }
    Ok(rows)
}
