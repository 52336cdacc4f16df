//! Recordings in a Parquet file, streamed by rows.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clstm_audio::AudioError;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader};
use rayon::prelude::*;

use super::columns::next;
use super::file::{AudioColumn, ParquetFile};

/// Bytes of recordings in memory, besides the page that they are read from.
const BATCH_BYTES: usize = 32 << 20;

/// Recordings that are given to the threads at once.
const BATCH_ROWS: usize = 256;

/// Rows whose recordings are passed over at once.
const ROWS_AT_A_TIME: usize = 64;

/// Whether each row of a row group has the recording itself. Most files have statistics, so that nothing is read for it.
pub(super) fn embedded(
    group: &dyn RowGroupReader,
    audio: AudioColumn,
) -> Result<Vec<bool>, ParquetError> {
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    let statistics = group.metadata().column(audio.bytes).statistics();
    let nulls = statistics.and_then(|statistics| statistics.null_count_opt());
    if nulls == Some(0) || nulls == u64::try_from(rows).ok() {
        return Ok(vec![nulls == Some(0); rows]);
    }
    let mut reader = bytes_of(group, audio)?;
    let mut embedded = Vec::new();
    while embedded.len() < rows {
        let read = next(&mut reader, ROWS_AT_A_TIME.min(rows - embedded.len()))?;
        if read.is_empty() {
            break;
        }
        embedded.extend(read.iter().map(Option::is_some));
    }
    embedded.resize(rows, false);
    Ok(embedded)
}

/// Gives the recordings of `rows`, which ascend, to `read` with their places in `rows`, on the threads of rayon's current pool.
/// The results are in the order of `rows`.
///
/// The file is read once from its beginning to the last of the rows. Memory holds a page of it and some recordings. A row that
/// cannot be read is an error; the others are read.
pub(crate) fn read_rows<T: Send>(
    path: &Path,
    rows: &[u64],
    read: impl Fn(usize, Result<&[u8], AudioError>) -> T + Sync,
) -> Vec<T> {
    let mut results = Vec::with_capacity(rows.len());
    let mut reader = RowReader::open(path);
    while results.len() < rows.len() {
        let done = results.len();
        let mut batch = Vec::new();
        let mut bytes = 0;
        for &row in rows[done..].iter().take(BATCH_ROWS) {
            let value = match &mut reader {
                Ok(reader) => reader.read(row),
                Err(problem) => Err(problem.clone()),
            };
            bytes += value.as_ref().ok().and_then(Option::as_ref).map_or(0, ByteArray::len);
            batch.push(value);
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        let of_batch = batch.par_iter().enumerate().map(|(at, value)| {
            let bytes = match value {
                Ok(Some(bytes)) => Ok(bytes.data()),
                Ok(None) => Err(AudioError::Empty),
                Err(problem) => Err(io_error(path, problem.clone())),
            };
            read(done + at, bytes)
        });
        results.extend(of_batch.collect::<Vec<T>>());
    }
    results
}

/// Reads rows of the column of recordings. Ascending rows are read without going back.
struct RowReader {
    file: ParquetFile,
    audio: AudioColumn,
    /// The row group that is read.
    open: Option<OpenGroup>,
}

struct OpenGroup {
    /// The next row of the reader.
    next: u64,
    /// The first row behind the group.
    end: u64,
    reader: ColumnReaderImpl<ByteArrayType>,
}

impl RowReader {
    fn open(path: &Path) -> Result<Self, String> {
        let file = ParquetFile::open(path)?;
        let audio = file.audio()?.ok_or_else(|| "it has no column of recordings".to_owned())?;
        file.check_compression(&[audio.bytes])?;
        Ok(Self { file, audio, open: None })
    }

    /// The next row that can be read without going back.
    fn next(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.next)
    }

    /// The recording of a row; none where the row has none.
    fn read(&mut self, row: u64) -> Result<Option<ByteArray>, String> {
        let within = |open: &OpenGroup| (open.next..open.end).contains(&row);
        let mut open = match self.open.take().filter(within) {
            Some(open) => open,
            None => self.group_of(row)?,
        };
        let read = one(&mut open.reader, row - open.next).map_err(|error| error.to_string())?;
        open.next = row + 1;
        // After an error the group is opened again.
        self.open = Some(open);
        Ok(read)
    }

    /// The row group of a row, at its beginning.
    fn group_of(&self, row: u64) -> Result<OpenGroup, String> {
        let mut first = 0;
        for index in 0..self.file.reader.num_row_groups() {
            let metadata = self.file.reader.metadata().row_group(index);
            let end = first + u64::try_from(metadata.num_rows()).unwrap_or_default();
            if row < end {
                let group = self.file.reader.get_row_group(index);
                let reader = group.and_then(|group| bytes_of(&*group, self.audio));
                let reader = reader.map_err(|error| error.to_string())?;
                return Ok(OpenGroup { next: first, end, reader });
            }
            first = end;
        }
        Err(format!("it has no row {row}"))
    }
}

/// The recordings in a Parquet file, for threads that ask for rows in about ascending order.
pub struct EmbeddedRecordings {
    path: PathBuf,
    rows: Vec<u64>,
    ahead: Mutex<Ahead>,
}

/// A reader that went past rows that other threads will ask for.
struct Ahead {
    reader: RowReader,
    read: BTreeMap<u64, Option<ByteArray>>,
}

/// Recordings that are kept for other threads.
const AHEAD: u64 = 64;

impl std::fmt::Debug for EmbeddedRecordings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedRecordings").field("path", &self.path).finish_non_exhaustive()
    }
}

impl EmbeddedRecordings {
    /// Opens a file and finds the rows that have a recording in them.
    ///
    /// # Errors
    /// [`AudioError::Io`] where the file cannot be read or has no column of recordings.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let failed = |problem: String| io_error(path, problem);
        let reader = RowReader::open(path).map_err(failed)?;
        let (mut rows, mut first) = (Vec::new(), 0);
        for index in 0..reader.file.reader.num_row_groups() {
            let group = reader.file.reader.get_row_group(index);
            let embedded = group.and_then(|group| embedded(&*group, reader.audio));
            let embedded = embedded.map_err(|error| failed(error.to_string()))?;
            rows.extend((first..).zip(&embedded).filter(|(_, yes)| **yes).map(|(row, _)| row));
            first += embedded.len() as u64;
        }
        let ahead = Mutex::new(Ahead { reader, read: BTreeMap::new() });
        Ok(Self { path: path.to_owned(), rows, ahead })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rows that have a recording, from 0, ascending.
    #[must_use]
    pub fn rows(&self) -> &[u64] {
        &self.rows
    }

    /// The content of the recording of a row.
    ///
    /// # Errors
    /// [`AudioError::Io`] where the row cannot be read, [`AudioError::Empty`] where it has no recording.
    pub fn read(&self, row: u64) -> Result<Vec<u8>, AudioError> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let Ahead { reader, read } = &mut *ahead;
        let value = match read.remove(&row) {
            Some(value) => Ok(value),
            None => {
                // Rows shortly before it are those of other threads.
                let passed = reader.next()..row;
                if passed.end.saturating_sub(passed.start) < AHEAD {
                    for other in passed {
                        let Ok(value) = reader.read(other) else { break };
                        read.insert(other, value);
                    }
                }
                while read.len() as u64 > AHEAD {
                    read.pop_first();
                }
                reader.read(row)
            }
        };
        let value = value.map_err(|problem| io_error(&self.path, problem))?;
        value.map(|bytes| bytes.data().to_vec()).ok_or(AudioError::Empty)
    }
}

/// The value after the next `skipped` ones.
fn one(
    reader: &mut ColumnReaderImpl<ByteArrayType>,
    skipped: u64,
) -> Result<Option<ByteArray>, ParquetError> {
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
    if skipped > 0 && reader.skip_records(skipped)? < skipped {
        return Err(ParquetError::EOF("rows are missing".to_owned()));
    }
    let mut read = next(reader, 1)?;
    read.pop().ok_or_else(|| ParquetError::EOF("rows are missing".to_owned()))
}

fn bytes_of(
    group: &dyn RowGroupReader,
    audio: AudioColumn,
) -> Result<ColumnReaderImpl<ByteArrayType>, ParquetError> {
    match group.get_column_reader(audio.bytes)? {
        ColumnReader::ByteArrayColumnReader(reader) => Ok(reader),
        _ => Err(ParquetError::General("the column of recordings is not binary".to_owned())),
    }
}

fn io_error(path: &Path, problem: String) -> AudioError {
    AudioError::Io { path: path.to_owned(), source: io::Error::other(problem) }
}
