//! The rows of a Parquet file as rows of a manifest.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use clstm_audio::MAX_LIST_BYTES;
use parquet::file::reader::FileReader;

use super::columns::texts;
use super::file::{AudioColumn, ParquetFile, ScalarColumn};
use super::recordings::embedded;
use crate::manifest::{Column, ManifestError, Row, RowProblem, Table};

/// What a column of one value a row is for.
enum Use {
    Column(Column),
    Extra,
}

/// Reads all columns of a file but its recordings. `name` is the file's name in ids, such as `data/train.parquet`.
pub(crate) fn read(path: &Path, name: &str) -> Result<Table, ManifestError> {
    let file = ParquetFile::open(path).map_err(ManifestError::new)?;
    let audio = file.audio().map_err(ManifestError::new)?;
    let scalars = file.scalars(audio);
    let uses = uses(&file, &scalars, audio.is_some())?;
    let mut read: Vec<usize> = scalars.iter().map(|column| column.index).collect();
    read.extend(audio.map(|audio| audio.bytes));
    read.extend(audio.and_then(|audio| audio.path));
    file.check_compression(&read).map_err(ManifestError::new)?;

    let unused: BTreeSet<String> = scalars
        .iter()
        .zip(&uses)
        .filter(|(_, it)| matches!(it, Use::Extra))
        .map(|(column, _)| column.name.clone())
        .collect();
    let mut reader = Rows {
        file: &file,
        path,
        name: name.into(),
        audio,
        rows: Vec::new(),
        problems: Vec::new(),
    };
    let mut text_bytes = 0;
    for index in 0..file.reader.num_row_groups() {
        text_bytes += reader.add_group(index, &scalars, &uses)?;
        if text_bytes as u64 > MAX_LIST_BYTES {
            let problem =
                format!("has more than {MAX_LIST_BYTES} bytes of text beside the recordings");
            return Err(ManifestError::new(problem));
        }
    }
    ManifestError::of_malformed(reader.problems)?;
    Ok(Table { rows: reader.rows, unused })
}

/// What each column is for. Without a column `label` the only column of class labels has the labels.
fn uses(
    file: &ParquetFile,
    scalars: &[ScalarColumn],
    has_audio: bool,
) -> Result<Vec<Use>, ManifestError> {
    let mut columns: Vec<Option<Column>> =
        scalars.iter().map(|column| Column::named(&column.name)).collect();
    if !columns.contains(&Some(Column::Label)) {
        let classes = scalars.iter().enumerate();
        let mut classes =
            classes.filter(|(_, column)| file.features.classes.contains_key(&column.name));
        if let (Some((place, _)), None) = (classes.next(), classes.next()) {
            columns[place] = Some(Column::Label);
        }
    }
    // The recording is that of the row.
    if has_audio {
        columns.iter_mut().filter(|it| **it == Some(Column::Path)).for_each(|it| *it = None);
    }
    for wanted in Column::ALL {
        if columns.iter().filter(|column| **column == Some(wanted)).count() > 1 {
            let problem = format!("has the column {wanted} twice; keep one");
            return Err(ManifestError::new(problem));
        }
    }
    let found = file.names().join(", ");
    if !has_audio && !columns.contains(&Some(Column::Path)) {
        return Err(ManifestError::new(format!(
            "has no column of recordings (a group of bytes and path) and no column path, but {found}"
        )));
    }
    if !columns.contains(&Some(Column::Label)) {
        return Err(ManifestError::new(format!(
            "has no column label, but {found}; rename the column of the labels"
        )));
    }
    Ok(columns.into_iter().map(|column| column.map_or(Use::Extra, Use::Column)).collect())
}

/// The rows that have been read.
struct Rows<'a> {
    file: &'a ParquetFile,
    path: &'a Path,
    name: Arc<str>,
    audio: Option<AudioColumn>,
    rows: Vec<Row>,
    problems: Vec<RowProblem>,
}

impl Rows<'_> {
    /// Adds the rows of a row group; the bytes of their texts.
    fn add_group(
        &mut self,
        index: usize,
        scalars: &[ScalarColumn],
        uses: &[Use],
    ) -> Result<usize, ManifestError> {
        let first = self.rows.len();
        let group =
            self.file.reader.get_row_group(index).map_err(|error| unreadable("", &error))?;
        let count = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        for row in first..first + count {
            self.rows.push(Row::of_table(&self.name, row));
        }
        let mut bytes = 0;
        for (column, use_) in scalars.iter().zip(uses) {
            let values = texts(&*group, column.index);
            let values = values.map_err(|error| unreadable(&column.name, &error))?;
            let classes = self.file.features.classes.get(&column.name);
            for (row, value) in self.rows[first..].iter_mut().zip(values) {
                let Some(mut value) = value else { continue };
                if let Some(classes) = classes {
                    match class(&value, classes) {
                        Ok(name) => value = name,
                        Err(problem) => {
                            self.problems.push(row.problem(&column.name, problem));
                            continue;
                        }
                    }
                }
                bytes += value.len();
                match use_ {
                    Use::Column(column) => row.set(*column, &value),
                    Use::Extra => row.set_extra(&column.name, &value),
                }
            }
        }
        let Some(audio) = self.audio else { return Ok(bytes) };
        let embedded = embedded(&*group, audio).map_err(|error| unreadable("bytes", &error))?;
        let paths = match audio.path {
            Some(path) => texts(&*group, path).map_err(|error| unreadable("path", &error))?,
            None => vec![None; count],
        };
        for ((row, embedded), path) in self.rows[first..].iter_mut().zip(embedded).zip(paths) {
            match (embedded, path) {
                (true, _) => row.set_recording(self.path),
                (false, Some(path)) => row.set(Column::Path, &path),
                (false, None) => {
                    self.problems.push(row.problem("audio", "has neither bytes nor a path"));
                }
            }
        }
        Ok(bytes)
    }
}

/// The name of a class that an integer stands for; empty for -1, which `datasets` writes where there is no label.
fn class(value: &str, names: &[String]) -> Result<String, String> {
    let Ok(number) = value.parse::<i64>() else { return Ok(value.to_owned()) };
    if number == -1 {
        return Ok(String::new());
    }
    let name = usize::try_from(number).ok().and_then(|number| names.get(number));
    name.cloned().ok_or_else(|| format!("{number}, but the schema names {} classes", names.len()))
}

fn unreadable(column: &str, error: &parquet::errors::ParquetError) -> ManifestError {
    ManifestError::new(match column {
        "" => format!("cannot be read as Parquet: {error}"),
        column => format!("its column {column} cannot be read: {error}"),
    })
}
