//! What is wrong with a manifest, row by row.

use std::fmt;

/// What is wrong with one row of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// Line of the file, from 1; of a row over several lines, the first. With a [`table`](Self::table) the row, from 0.
    pub line: usize,
    /// Name of the Parquet file that has the row; none for the lines of a text.
    pub table: Option<String>,
    /// Name of the column, or its number from 1 where it has none; none where it is the whole row.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub problem: String,
}

impl RowProblem {
    pub(super) fn row(line: usize, problem: impl Into<String>) -> Self {
        Self { line, table: None, column: None, problem: problem.into() }
    }

    pub(super) fn at(line: usize, column: impl ToString, problem: impl Into<String>) -> Self {
        Self { line, table: None, column: Some(column.to_string()), problem: problem.into() }
    }
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            None => write!(f, "line {}", self.line)?,
            Some(table) => write!(f, "{table}, row {}", self.line)?,
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Problems shown in a message; the others are counted. As many as fit a terminal beside the rest.
const SHOWN: usize = 5;

/// The problems of rows below the message they belong to, one a line.
pub(crate) fn listed(rows: &[RowProblem]) -> String {
    let mut text: String = rows.iter().take(SHOWN).map(|row| format!("\n  {row}")).collect();
    if let Some(more) = rows.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        text += &format!("\n  and {more} more");
    }
    text
}

/// Why a manifest cannot be used.
#[derive(Debug)]
pub(crate) struct ManifestError {
    pub(super) problem: String,
    pub(super) rows: Vec<RowProblem>,
}

impl ManifestError {
    /// Of the file as a whole.
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), rows: Vec::new() }
    }

    /// Of rows.
    pub(super) fn of_rows(problem: impl Into<String>, rows: Vec<RowProblem>) -> Self {
        Self { problem: problem.into(), rows }
    }

    /// Of rows that cannot be understood, if there are such.
    pub(crate) fn of_malformed(rows: Vec<RowProblem>) -> Result<(), Self> {
        match rows.len() {
            0 => Ok(()),
            1 => Err(Self::of_rows("a row cannot be used", rows)),
            n => Err(Self::of_rows(format!("{n} problems"), rows)),
        }
    }
}
