//! A manifest: a file that lists recordings.
//!
//! A CSV file with a header row, or JSON Lines with the same names as keys (`.jsonl`, `.ndjson`), or a Parquet file
//! with these columns, which may have the recordings themselves in a column of bytes:
//!
//! | column | |
//! |---|---|
//! | `path` | the recording; a relative path starts at the manifest's folder. As written it is the utterance's id |
//! | `label` | its class |
//! | `speaker` | the speaker, on every row or on none; the speaker and session splits need it |
//! | `sex` | female or male, where known; speaker folds share the sexes out |
//! | `session` | the recording session; the session split needs it |
//! | `start_s`, `end_s` | both or none: the utterance is this part of the recording, in seconds; parts of one recording must not overlap |
//! | `fold` | the fold that tests on it, from 1, on every row or on none: [`Split::Given`] |
//! | `split` | train, validation (or dev, valid, val) or test, on every row or on none: [`Split::Given`], unless there are folds |
//!
//! Any other column can be the target, see [`Target`](crate::Target).
//!
//! `file_name` and `wav` are other names of `path`, `emo` is one of `label`, as Hugging Face and EmoBox
//! write them. Columns may be in any order, case is ignored, and other columns are
//! named in the notes. Classes are sorted by their Unicode code points, as text (`"10"` before
//! `"2"`): a model's classes do not depend on the order of the rows.
//!
//! The corpus is named for the file and its content, such as `interviews-3f9a01c2`: two manifests
//! of the same name are the same list, so a run is not resumed on other data, and the training data
//! recorded in a model can be compared with its test data.

mod build;
mod csv;
pub(crate) mod csv_records;
mod jsonl;
pub(crate) mod name;
mod paths;
mod problem;
mod row;
mod span;
mod votes;

use std::io;
use std::path::{Path, PathBuf};

use clstm_audio::{MAX_LIST_BYTES, read_bounded};

use crate::parquet;
use crate::registry::{Adapter, CorpusInfo, uncounted};
use crate::{Corpus, CorpusError, Split};

pub use problem::RowProblem;
pub(crate) use problem::{ManifestError, listed};
pub(crate) use row::{Column, Row, Table};

pub(crate) const ADAPTER: Adapter = Adapter {
    info: CorpusInfo {
        name: "manifest",
        title: "Your own recordings, listed in a CSV or JSON Lines file, or in a Parquet file",
        license: "that of your recordings",
        source: "",
        citation: "",
        obtain: "Write a CSV file with the header path,label,speaker (speaker may be left out; sex, \
                 session, start_s and end_s, fold and split may be added) and a row for each recording, or a .jsonl file with \
                 these keys; give the file, or the folder that holds it as manifest.csv. Relative \
                 paths start at the file's folder. A .parquet file may hold the recordings themselves, as \
                 Hugging Face datasets writes them.",
        languages: &[],
        labels: &[],
        splits: &[
            Split::Random,
            Split::Speaker,
            Split::Session,
            Split::LeaveOneSpeakerOut,
            Split::Given,
        ],
        utterances: None,
        speakers: None,
    },
    open,
    expected: Vec::new,
    class_counts: uncounted,
    speaker_group: "manifest",
    known_duplicates: &[],
    published: &[],
};

/// Names looked for where a folder is given.
const FILES: [&str; 3] = ["manifest.csv", "manifest.jsonl", "manifest.parquet"];

fn open(path: &Path) -> Result<Corpus, CorpusError> {
    let file = find(path)?;
    corpus(&file, &file, read(&file)?)
}

/// The rows of a list in CSV, JSON Lines or Parquet.
pub(crate) fn read(file: &Path) -> Result<Table, CorpusError> {
    let refused = |refusal: ManifestError| refused(file, refusal);
    if file.extension().is_some_and(|it| it.eq_ignore_ascii_case(parquet::EXTENSION)) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        return parquet::read(file, &name).map_err(refused);
    }
    let bytes = read_bounded(file, MAX_LIST_BYTES).map_err(|error| refused(unreadable(&error)))?;
    let text = text(&bytes).map_err(refused)?;
    let extension = file.extension().unwrap_or_default().to_ascii_lowercase();
    let table = match extension == "jsonl" || extension == "ndjson" {
        true => jsonl::read(text),
        false => csv::read(text),
    };
    table.map_err(refused)
}

/// The corpus that the rows describe, as rows of `file`: relative paths start at its
/// folder, and the corpus is named for it. Refusals and the corpus's root are of `root`.
pub(crate) fn corpus(file: &Path, root: &Path, table: Table) -> Result<Corpus, CorpusError> {
    let mut corpus = build::corpus(file, table).map_err(|error| match error {
        build::Error::Refused(refusal) => refused(root, refusal),
        build::Error::Corpus(error) => error,
    })?;
    corpus.root = root.to_owned();
    Ok(corpus)
}

/// The rows of a Parquet file of a folder, where it is called `name`.
pub(crate) fn read_parquet(file: &Path, name: &str) -> Result<Table, CorpusError> {
    parquet::read(file, name).map_err(|refusal| refused(file, refusal))
}

fn refused(path: &Path, refusal: ManifestError) -> CorpusError {
    CorpusError::Manifest { path: path.to_owned(), problem: refusal.problem, rows: refusal.rows }
}

/// The manifest itself, where its folder was given.
fn find(path: &Path) -> Result<PathBuf, CorpusError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let there: Vec<PathBuf> =
        FILES.iter().map(|name| path.join(name)).filter(|file| file.exists()).collect();
    let problem = match <[PathBuf; 1]>::try_from(there) {
        Ok([file]) => return Ok(file),
        Err(none) if none.is_empty() => {
            format!("the folder holds none of {}; give the manifest's file", FILES.join(", "))
        }
        Err(several) => {
            let names = several.iter().filter_map(|file| file.file_name());
            let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
            format!("the folder holds {}; give the one to use", names.join(" and "))
        }
    };
    Err(CorpusError::Manifest { path: path.to_owned(), problem, rows: Vec::new() })
}

fn unreadable(error: &io::Error) -> ManifestError {
    ManifestError::new(match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file; give the manifest's file, or the folder that holds it as \
             manifest.csv"
                .to_owned()
        }
        _ => format!("cannot be read: {error}"),
    })
}

/// The text without its byte order mark.
fn text(bytes: &[u8]) -> Result<&str, ManifestError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
        ManifestError::new(format!(
            "line {line} is not UTF-8 text; save the file as UTF-8 (spreadsheets call it \"CSV \
             UTF-8\")"
        ))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim().is_empty() {
        true => Err(ManifestError::new(
            "the file is empty; it needs a row for each recording, in CSV below a header with path \
             and label",
        )),
        false => Ok(text),
    }
}
