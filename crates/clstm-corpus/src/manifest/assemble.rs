//! From rows to a corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use super::name;
use super::problem::{Refusal, RowProblem};
use super::row::{Column, Row, Table};
use super::span;
use crate::split::on_given_split;
use crate::{Corpus, CorpusError, Part, Sex, Utterance};

pub(super) enum Error {
    Refused(Refusal),
    Corpus(CorpusError),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The corpus that the rows of `file` describe.
///
/// The checks go from the text to the disk, and each tells of all rows that fail it: a list of
/// missing recordings is of use where the rows themselves are right.
pub(super) fn corpus(file: &Path, table: Table) -> Result<Corpus, Error> {
    if table.rows.is_empty() {
        return Err(Refusal::new("lists no recordings; add a row for each").into());
    }
    Refusal::of_malformed(malformed(&table.rows))?;
    let sexes = sexes(&table.rows)?;
    let labels: BTreeSet<&str> = table.rows.iter().filter_map(|r| r.get(Column::Label)).collect();
    let labels: Vec<String> = labels.into_iter().map(str::to_owned).collect();
    if let [only] = labels.as_slice() {
        let problem =
            format!("has the one class {only:?}; there must be at least two to tell apart");
        return Err(Refusal::new(problem).into());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let utterances: Vec<Utterance> =
        table.rows.iter().map(|row| utterance(row, folder, &labels, &sexes)).collect();
    span::apart(&table.rows, &utterances)?;
    missing(&table.rows, &utterances)?;

    let remarks = remarks(&table, &labels);
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
        let mut problem =
            |column, text: &str| problems.push(RowProblem::at(row.line, column, text));
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
            && sex(text).is_none()
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

fn sex(text: &str) -> Option<Sex> {
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    match () {
        () if is("female") || is("f") => Some(Sex::Female),
        () if is("male") || is("m") => Some(Sex::Male),
        () => None,
    }
}

/// The sex of each speaker, given on any of the speaker's rows.
fn sexes(rows: &[Row]) -> Result<BTreeMap<&str, Sex>, Refusal> {
    let mut known: BTreeMap<&str, (Sex, usize)> = BTreeMap::new();
    let mut problems = Vec::new();
    for row in rows {
        let (Some(speaker), Some(sex)) =
            (row.get(Column::Speaker), row.get(Column::Sex).and_then(sex))
        else {
            continue;
        };
        let &mut (first, line) = known.entry(speaker).or_insert((sex, row.line));
        if first != sex {
            let problem = format!("{sex}, but line {line} has {first} for speaker {speaker}");
            problems.push(RowProblem::at(row.line, Column::Sex, problem));
        }
    }
    Refusal::of_malformed(problems)?;
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
        None => row.get(Column::Sex).and_then(sex),
    };
    Utterance {
        id: match span {
            Some((start_s, end_s)) => format!("{path}[{start_s}-{end_s}]"),
            None => path.to_owned(),
        },
        path: folder.join(path),
        label: labels.iter().position(|l| l == label).unwrap_or_default(),
        speaker: field(Column::Speaker).to_owned(),
        sex,
        session: row.get(Column::Session).map(str::to_owned),
        span,
        fold: row.get(Column::Fold).and_then(fold),
        part: row.get(Column::Split).and_then(Part::named),
        extra: row.extra.clone(),
        ..Utterance::default()
    }
}

/// Refuses rows whose recording is not there.
fn missing(rows: &[Row], utterances: &[Utterance]) -> Result<(), Refusal> {
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
        .filter_map(|(row, u)| Some(RowProblem::at(row.line, Column::Path, problem(&u.path)?)))
        .collect();
    match problems.len() {
        0 => Ok(()),
        n => Err(Refusal::of_rows(
            format!(
                "{n} of the {} recordings it lists are not there; relative paths start at the \
                 manifest's folder",
                rows.len()
            ),
            problems,
        )),
    }
}

/// What a person should know and that is nothing wrong.
fn remarks(table: &Table, labels: &[String]) -> Vec<String> {
    let mut remarks = Vec::new();
    if !table.unused.is_empty() {
        let unused: Vec<&str> = table.unused.iter().map(String::as_str).collect();
        remarks.push(format!("columns not used: {}", unused.join(", ")));
    }
    if table.rows.iter().all(|row| row.get(Column::Speaker).is_none()) {
        remarks.push("no speakers are named: no split can keep them apart".to_owned());
    }
    let mut spellings: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for label in labels {
        spellings.entry(label.to_lowercase()).or_default().push(label);
    }
    for spellings in spellings.values().filter(|s| s.len() > 1) {
        let spellings = spellings.join(", ");
        remarks.push(format!("classes that differ in case alone are different ones: {spellings}"));
    }
    remarks
}
