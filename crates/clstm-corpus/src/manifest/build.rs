//! From rows to a corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use super::name;
use super::paths;
use super::problem::{ManifestError, RowProblem};
use super::row::{Column, Row, Table};
use super::span;
use super::votes;
use crate::spelling::similar;
use crate::split::on_given_split;
use crate::{Corpus, CorpusError, Part, Remark, Sex, Utterance};

pub(super) enum Error {
    Refused(ManifestError),
    Corpus(CorpusError),
}

impl From<ManifestError> for Error {
    fn from(refusal: ManifestError) -> Self {
        Self::Refused(refusal)
    }
}

/// The corpus that the rows of `file` describe.
///
/// The checks go from the text to the disk, and each reports all rows that fail it: a list of missing
/// recordings helps only where the rows themselves are right.
pub(super) fn corpus(file: &Path, table: Table) -> Result<Corpus, Error> {
    if table.rows.is_empty() {
        return Err(ManifestError::new("lists no recordings; add a row for each").into());
    }
    ManifestError::of_malformed(malformed(&table.rows))?;
    let sexes = sexes(&table.rows)?;
    let labels: BTreeSet<&str> = table.rows.iter().filter_map(|r| r.get(Column::Label)).collect();
    let labels: Vec<String> = labels.into_iter().map(str::to_owned).collect();
    if let [only] = labels.as_slice() {
        let problem = format!("has the one class {only:?}; there must be at least two classes");
        return Err(ManifestError::new(problem).into());
    }
    let problems = table.rows.iter().filter_map(|row| votes::of(row, &labels).err()).collect();
    ManifestError::of_malformed(problems)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut utterances: Vec<Utterance> =
        table.rows.iter().map(|row| utterance(row, folder, &labels, &sexes)).collect();
    let respelled = respell(&mut utterances, folder);
    span::apart(&table.rows, &utterances)?;
    missing(&table.rows, &utterances)?;

    let remarks = remarks(&table, &labels, respelled);
    let mut corpus = Corpus::new("manifest", file, labels, utterances).map_err(Error::Corpus)?;
    corpus.name = name::of(file, &corpus);
    corpus.notes.remarks = remarks;
    corpus.notes.remarks.extend(on_given_split(&corpus));
    Ok(corpus)
}

/// Fields that are empty, cannot be shown on one line, or are not of their kind.
fn malformed(rows: &[Row]) -> Vec<RowProblem> {
    let named = rows.iter().any(|row| row.get(Column::Speaker).is_some());
    let given = [Column::Fold, Column::Split]
        .map(|column| (column, rows.iter().any(|row| row.get(column).is_some())));
    let mut problems = Vec::new();
    for row in rows {
        let mut problem = |column: Column, text: &str| problems.push(row.problem(column, text));
        for column in Column::ALL {
            if row.get(column).is_some_and(|value| value.contains(char::is_control)) {
                problem(column, "holds a line break or another control character; remove it");
            }
        }
        if row.get(Column::Path).is_none() {
            problem(Column::Path, "empty; write where the recording is");
        }
        if row.get(Column::Label).is_none() {
            problem(Column::Label, "empty; write the recording's class, or leave out the row");
        }
        if named && row.get(Column::Speaker).is_none() {
            problem(
                Column::Speaker,
                "empty, though other rows have a speaker; name one on every row or on none",
            );
        }
        if let Some(text) = row.get(Column::Sex)
            && Sex::named(text).is_none()
        {
            let text = format!("{text:?}; write female or male, or leave it empty");
            problem(Column::Sex, &text);
        }
        for (column, given) in given {
            if given && row.get(column).is_none() {
                problem(
                    column,
                    "empty, though other rows have one; give it on every row or on none",
                );
            }
        }
        if let Some(text) = row.get(Column::Fold)
            && fold(text).is_none_or(|fold| fold > rows.len())
        {
            let most = rows.len();
            problem(
                Column::Fold,
                &format!("{text:?}; write a whole number from 1 to at most {most}"),
            );
        }
        if let Some(text) = row.get(Column::Split)
            && Part::named(text).is_none()
        {
            problem(Column::Split, &format!("{text:?}; write train, validation or test"));
        }
        if let Err((column, text)) = span::of(row) {
            problem(column, &text);
        }
    }
    problems
}

/// A fold's number, from 1.
fn fold(text: &str) -> Option<usize> {
    text.parse().ok().filter(|&fold| fold > 0)
}

/// The sex of each speaker, given on any of the speaker's rows.
fn sexes(rows: &[Row]) -> Result<BTreeMap<&str, Sex>, ManifestError> {
    let mut known: BTreeMap<&str, (Sex, &Row)> = BTreeMap::new();
    let mut problems = Vec::new();
    for row in rows {
        let (Some(speaker), Some(sex)) =
            (row.get(Column::Speaker), row.get(Column::Sex).and_then(Sex::named))
        else {
            continue;
        };
        let &mut (first, other) = known.entry(speaker).or_insert((sex, row));
        if first != sex {
            let place = other.place();
            let problem = format!("{sex}, but {place} has {first} for speaker {speaker}");
            problems.push(row.problem(Column::Sex, problem));
        }
    }
    ManifestError::of_malformed(problems)?;
    Ok(known.into_iter().map(|(speaker, (sex, _))| (speaker, sex)).collect())
}

fn utterance(
    row: &Row,
    folder: &Path,
    labels: &[String],
    sexes: &BTreeMap<&str, Sex>,
) -> Utterance {
    let field = |column| row.get(column).unwrap_or_default();
    let (path, label) = (field(Column::Path), field(Column::Label));
    let span = span::of(row).unwrap_or_default();
    let sex = match row.get(Column::Speaker) {
        Some(speaker) => sexes.get(speaker).copied(),
        None => row.get(Column::Sex).and_then(Sex::named),
    };
    Utterance {
        id: match span {
            Some((start_s, end_s)) => format!("{path}[{start_s}-{end_s}]"),
            None => path.to_owned(),
        },
        path: row.file.clone().unwrap_or_else(|| folder.join(path)),
        row: row.embedded.then_some(row.line as u64),
        label: labels.binary_search_by(|l| l.as_str().cmp(label)).unwrap_or_default(),
        speaker: field(Column::Speaker).to_owned(),
        sex,
        session: row.get(Column::Session).map(str::to_owned),
        span,
        fold: row.get(Column::Fold).and_then(fold),
        part: row.get(Column::Split).and_then(Part::named),
        // They were checked before.
        votes: votes::of(row, labels).unwrap_or_default(),
        extra: row.extra.clone(),
        ..Utterance::default()
    }
}

/// Resolves paths that are spelt differently on the disk: in another Unicode form (macOS writes
/// decomposed names) or with backslashes as Windows writes them.
fn respell(utterances: &mut [Utterance], folder: &Path) -> Option<Remark> {
    let mut respelled: Option<(usize, String)> = None;
    for utterance in utterances {
        if utterance.row.is_some() || utterance.path.exists() {
            continue;
        }
        let Some(written) = utterance.path.strip_prefix(folder).ok().and_then(Path::to_str) else {
            continue;
        };
        if let Some(path) = paths::resolve(folder, written) {
            respelled.get_or_insert_with(|| (0, written.to_owned())).0 += 1;
            utterance.path = path;
        }
    }
    respelled.map(|(count, example)| Remark::RespelledPaths { count, example })
}

/// Refuses rows whose recording is not there.
fn missing(rows: &[Row], utterances: &[Utterance]) -> Result<(), ManifestError> {
    let problem = |path: &Path| match fs::metadata(path) {
        Ok(found) if found.is_file() => None,
        Ok(found) if found.is_dir() => Some(format!("{} is a folder", path.display())),
        Ok(_) => Some(format!("{} is not a file", path.display())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            Some(format!("there is no file {}", path.display()))
        }
        Err(error) => Some(format!("{} cannot be reached: {error}", path.display())),
    };
    let problems: Vec<RowProblem> = rows
        .iter()
        .zip(utterances)
        .filter(|(row, _)| !row.embedded)
        .filter_map(|(row, u)| Some(row.problem(Column::Path, problem(&u.path)?)))
        .collect();
    match problems.len() {
        0 => Ok(()),
        n => Err(ManifestError::of_rows(
            format!(
                "{n} of the {} recordings it lists are not there; relative paths start at the \
                 manifest's folder",
                rows.len()
            ),
            problems,
        )),
    }
}

/// Facts that a user should know and that are no errors.
fn remarks(table: &Table, labels: &[String], respelled: Option<Remark>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let unused = table.unused.iter().filter(|column| !votes::is_used(column, labels));
    let unused: Vec<String> = unused.cloned().collect();
    if !unused.is_empty() {
        remarks.push(Remark::UnusedColumns(unused));
    }
    if table.rows.iter().all(|row| row.get(Column::Speaker).is_none()) {
        remarks.push(Remark::NoSpeakers);
    }
    let similar_labels = similar(labels.iter().map(String::as_str)).into_iter();
    remarks.extend(similar_labels.map(Remark::SimilarLabels));
    let speakers: BTreeSet<&str> =
        table.rows.iter().filter_map(|row| row.get(Column::Speaker)).collect();
    remarks.extend(similar(speakers).into_iter().map(Remark::SimilarSpeakers));
    remarks.extend(respelled);
    remarks
}
