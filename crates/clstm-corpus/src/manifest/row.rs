//! The rows of a manifest, whatever it is written in.

use std::collections::BTreeSet;
use std::fmt;

/// A column that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Path,
    Label,
    Speaker,
    Sex,
    Session,
}

impl Column {
    pub(super) const ALL: [Self; 5] =
        [Self::Path, Self::Label, Self::Speaker, Self::Sex, Self::Session];

    /// The column of this name, without regard to case and blanks around it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.to_string().eq_ignore_ascii_case(name.trim()))
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
        })
    }
}

/// One row: its fields without blanks around them, none where they are empty.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Line of the file, from 1.
    pub(super) line: usize,
    fields: [Option<String>; Column::ALL.len()],
}

impl Row {
    pub(super) fn new(line: usize) -> Self {
        Self { line, ..Self::default() }
    }

    pub(super) fn set(&mut self, column: Column, value: &str) {
        let value = value.trim();
        self.fields[column as usize] = (!value.is_empty()).then(|| value.to_owned());
    }

    pub(super) fn get(&self, column: Column) -> Option<&str> {
        self.fields[column as usize].as_deref()
    }
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// Names of the columns that mean nothing here.
    pub(super) unused: BTreeSet<String>,
}
