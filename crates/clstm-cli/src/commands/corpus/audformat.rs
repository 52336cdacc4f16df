//! Databases of audformat: a header `db.yaml` and its tables as CSV or Parquet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clstm::audio::{MAX_LIST_BYTES, read_text_bounded};
use clstm_segments::SegmentsError;
use clstm_segments::exchange::Judgement;
use clstm_segments::exchange::audformat::{self, Header, LabelColumn};

use crate::columns::csv_row_of;
use crate::error::CliError;
use crate::text::PathText;

/// The judgements of a database: its folder, its header, or one of its tables. The tables read are added to `files`.
pub(super) fn judgements(
    path: &Path,
    scheme: &str,
    rater: Option<&str>,
    files: &mut Vec<PathBuf>,
) -> Result<Vec<Judgement>, CliError> {
    let (folder, only) = match (path.is_dir(), path.extension().and_then(|e| e.to_str())) {
        (true, _) => (path, None),
        (false, Some("yaml" | "yml")) => (folder_of(path), None),
        (false, _) => (folder_of(path), Some(path)),
    };
    let header = folder.join("db.yaml");
    if !header.is_file() {
        let Some(table) = only else {
            return Err(CliError::Failed(format!("{}: there is no db.yaml", folder.text())));
        };
        let text = read_table(table, files)?;
        return audformat::judgements(&text, scheme).map_err(|error| failed(table, &error));
    }
    let text = read(&header, files)?;
    let description = Header::parse(&text).map_err(|error| failed(&header, &error))?;
    let tables: Vec<(&str, PathBuf)> = description
        .tables()
        .map(|name| (name, table_path(folder, name, only)))
        .filter(|(_, table)| only.is_none_or(|only| only.file_name() == table.file_name()))
        .collect();
    let mut speakers = BTreeMap::new();
    let (mut all, mut machines) = (Vec::new(), Vec::new());
    for (name, table) in &tables {
        let columns = description.columns(name, scheme);
        let (chosen, left_out) = choose(columns, rater);
        machines.extend(left_out);
        if !table.is_file() {
            if chosen.is_empty() {
                continue;
            }
            let reason = format!(
                "{} is not there; tables are read as CSV or Parquet: save the database with \
                 db.save(..., storage_format=\"csv\")",
                table.text()
            );
            return Err(CliError::Failed(reason));
        }
        let text = read_table(table, files)?;
        speakers.extend(audformat::speakers(&text).map_err(|error| failed(table, &error))?);
        if !chosen.is_empty() {
            let found = audformat::judgements_of(&text, &chosen);
            all.extend(found.map_err(|error| failed(table, &error))?);
        }
    }
    if all.is_empty() {
        return Err(CliError::Failed(nothing(&header, scheme, rater, &machines)));
    }
    for judgement in &mut all {
        if judgement.speaker.is_none() {
            judgement.speaker = speakers.get(&judgement.path).cloned();
        }
    }
    Ok(all)
}

/// The columns whose labels count, and the raters of those of machines, which do not.
fn choose(columns: Vec<LabelColumn>, rater: Option<&str>) -> (Vec<LabelColumn>, Vec<String>) {
    let counts = |column: &LabelColumn| match rater {
        Some(rater) => column.rater == rater,
        None => !column.machine,
    };
    let (chosen, others): (Vec<_>, Vec<_>) = columns.into_iter().partition(counts);
    (chosen, others.into_iter().filter(|c| c.machine).map(|c| c.rater).collect())
}

fn nothing(header: &Path, scheme: &str, rater: Option<&str>, machines: &[String]) -> String {
    let header = header.text();
    match (rater, machines.first()) {
        (Some(rater), _) => {
            format!("{header}: no table has labels {scheme:?} by the rater {rater:?}")
        }
        (None, Some(machine)) => format!(
            "{header}: the labels {scheme:?} are those of the machine {machine:?} alone; add columns of people, or \
             accept them with --rater {machine}"
        ),
        (None, None) => format!(
            "{header}: no table has a column with the scheme {scheme:?}; name one with --column"
        ),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file of a table: the one that was named, or CSV before Parquet.
fn table_path(folder: &Path, name: &str, only: Option<&Path>) -> PathBuf {
    let [csv, parquet] =
        ["csv", "parquet"].map(|extension| folder.join(format!("db.{name}.{extension}")));
    let named = only.is_some_and(|only| only.file_name() == parquet.file_name());
    if named || !csv.is_file() && parquet.is_file() { parquet } else { csv }
}

/// A table as CSV. Parquet has lengths of time in nanoseconds, as pandas.
fn read_table(path: &Path, files: &mut Vec<PathBuf>) -> Result<String, CliError> {
    if path.extension().is_none_or(|extension| extension != "parquet") {
        return read(path, files);
    }
    files.push(path.to_owned());
    let mut rows = clstm_corpus::parquet_texts(path)
        .map_err(|error| CliError::Failed(format!("{}: {error}", path.text())))?;
    let names = rows.first().cloned().unwrap_or_default();
    let times = names.iter().enumerate().filter(|(_, name)| *name == "start" || *name == "end");
    for (index, _) in times {
        for cell in rows.iter_mut().skip(1).filter_map(|row| row.get_mut(index)) {
            if let Ok(nanoseconds) = cell.parse::<i64>() {
                *cell = (nanoseconds as f64 / 1e9).to_string();
            }
        }
    }
    Ok(rows.iter().map(|row| csv_row_of(row.iter().map(String::as_str))).collect())
}

fn read(path: &Path, files: &mut Vec<PathBuf>) -> Result<String, CliError> {
    files.push(path.to_owned());
    read_text_bounded(path, MAX_LIST_BYTES)
        .map_err(|error| CliError::Failed(format!("{}: {error}", path.text())))
}

fn failed(path: &Path, error: &SegmentsError) -> CliError {
    CliError::Failed(format!("{}: {error}", path.text()))
}
