//! The rows of a manifest, of any file format.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::RowProblem;

/// A column with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Path,
    Label,
    Speaker,
    Sex,
    Session,
    StartS,
    EndS,
    Fold,
    Split,
}

impl Column {
    pub(crate) const ALL: [Self; 9] = [
        Self::Path,
        Self::Label,
        Self::Speaker,
        Self::Sex,
        Self::Session,
        Self::StartS,
        Self::EndS,
        Self::Fold,
        Self::Split,
    ];

    /// Other names: those of Hugging Face's audio folders, and of EmoBox's lists.
    const ALIASES: [(&str, Self); 4] = [
        ("file_name", Self::Path),
        ("wav", Self::Path),
        ("wav_filename", Self::Path),
        ("emo", Self::Label),
    ];

    /// The column of this name, without regard to case and blanks around it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        let own = Self::ALL.into_iter().find(|c| c.to_string().eq_ignore_ascii_case(name));
        own.or_else(|| {
            let alias = Self::ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
            alias.map(|(_, column)| *column)
        })
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Path => "path",
            Self::Label => "label",
            Self::Speaker => "speaker",
            Self::Sex => "sex",
            Self::Session => "session",
            Self::StartS => "start_s",
            Self::EndS => "end_s",
            Self::Fold => "fold",
            Self::Split => "split",
        })
    }
}

/// One row: its fields without blanks around them, none where they are empty.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// Line of the file, from 1; in a Parquet file the row, from 0.
    pub(crate) line: usize,
    /// Name of the Parquet file that has the row.
    table: Option<Arc<str>>,
    fields: [Option<String>; Column::ALL.len()],
    /// The file, where it does not lie at the path as written.
    pub(crate) file: Option<PathBuf>,
    /// Whether the recording is in the row, not in a file of its own.
    pub(crate) embedded: bool,
    /// Fields of the columns that have no meaning here, by the names of these.
    pub(crate) extra: BTreeMap<String, String>,
}

impl Row {
    pub(crate) fn new(line: usize) -> Self {
        Self { line, ..Self::default() }
    }

    /// A row of the Parquet file that is called `table`.
    pub(crate) fn of_table(table: &Arc<str>, row: usize) -> Self {
        Self { line: row, table: Some(Arc::clone(table)), ..Self::default() }
    }

    /// Its recording is in the row of the Parquet file `path`, whose name and row become the path as written.
    pub(crate) fn set_recording(&mut self, path: &Path) {
        let name = self.table.as_deref().unwrap_or_default();
        self.fields[Column::Path as usize] = Some(format!("{name}:{}", self.line));
        (self.file, self.embedded) = (Some(path.to_owned()), true);
    }

    /// Where the row is, in words.
    pub(crate) fn place(&self) -> String {
        match &self.table {
            None => format!("line {}", self.line),
            Some(table) => format!("{table}, row {}", self.line),
        }
    }

    /// What is wrong with a field.
    pub(crate) fn problem(&self, column: impl ToString, problem: impl Into<String>) -> RowProblem {
        let table = self.table.as_deref().map(str::to_owned);
        RowProblem { table, ..RowProblem::at(self.line, column, problem) }
    }

    pub(crate) fn set(&mut self, column: Column, value: &str) {
        let value = value.trim();
        self.fields[column as usize] = (!value.is_empty()).then(|| value.to_owned());
    }

    /// A field of a column without a meaning; empty ones are left out.
    pub(crate) fn set_extra(&mut self, column: &str, value: &str) {
        if !value.trim().is_empty() {
            self.extra.insert(column.trim().to_owned(), value.trim().to_owned());
        }
    }

    pub(crate) fn get(&self, column: Column) -> Option<&str> {
        self.fields[column as usize].as_deref()
    }
}

/// All rows.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// Names of the columns that have no meaning here.
    pub(crate) unused: BTreeSet<String>,
}
