//! Rows of cells, as CSV and Parquet have them.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Flag,
}

/// A column and what it holds.
pub(crate) type Column = (String, Kind);

/// A cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Number(f64),
    Flag(bool),
    Empty,
}

impl Cell {
    /// The cell of what may not be there.
    pub(crate) fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.to_owned()))
    }

    /// The cell of what may not be there.
    pub(crate) fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }

    /// The cell of what may not be there.
    pub(crate) fn flag(flag: Option<bool>) -> Self {
        flag.map_or(Self::Empty, Self::Flag)
    }
}

/// The columns that end all rows: why there is no answer, and, where that was asked, whether it is
/// abstained from.
pub(crate) fn last_columns(abstaining: bool) -> impl Iterator<Item = Column> {
    let errors = ["error_kind", "error_message"].map(|name| (name.to_owned(), Kind::Text));
    errors.into_iter().chain(abstaining.then(|| ("abstained".to_owned(), Kind::Flag)))
}

/// A column for the probability of each label.
pub(crate) fn probability_columns(labels: &[String]) -> impl Iterator<Item = Column> + '_ {
    labels.iter().map(|label| (format!("p_{label}"), Kind::Number))
}

/// The header of CSV.
pub(crate) fn csv_header(columns: &[Column]) -> String {
    csv_row(columns.iter().map(|(name, _)| Cell::Text(name.clone())))
}

/// A row of CSV (RFC 4180, with a plain line feed).
pub(crate) fn csv_row(cells: impl IntoIterator<Item = Cell>) -> String {
    let written = |cell: Cell| match cell {
        Cell::Text(text) if text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Cell::Text(text) => text,
        // The shortest text that reads back as the same number, as in the JSON lines.
        Cell::Number(number) => serde_json::to_string(&number).unwrap_or_default(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Empty => String::new(),
    };
    cells.into_iter().map(written).collect::<Vec<_>>().join(",") + "\n"
}
