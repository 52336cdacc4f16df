//! Typed columns and values: the rows of CSV and Parquet.

use clstm::DimensionInfo;
use clstm_eval::csv;

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Text,
    Number,
    Flag,
}

/// A column's name and type.
pub(crate) type Column = (String, ColumnType);

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
    Flag(bool),
    Empty,
}

impl Value {
    /// An optional text.
    pub(crate) fn text(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.to_owned()))
    }

    /// An optional number.
    pub(crate) fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }

    /// An optional flag.
    pub(crate) fn flag(flag: Option<bool>) -> Self {
        flag.map_or(Self::Empty, Self::Flag)
    }
}

/// The last columns of all rows: the error of a recording and, with `--abstain`, whether its prediction is below the
/// threshold.
pub(crate) fn last_columns(abstaining: bool) -> impl Iterator<Item = Column> {
    let errors = ["error_kind", "error_message"].map(|name| (name.to_owned(), ColumnType::Text));
    errors.into_iter().chain(abstaining.then(|| ("abstained".to_owned(), ColumnType::Flag)))
}

/// A column for the probability of each label.
pub(crate) fn probability_columns(labels: &[String]) -> impl Iterator<Item = Column> + '_ {
    labels.iter().map(|label| (format!("p_{label}"), ColumnType::Number))
}

/// A column for each continuous target.
pub(crate) fn dimension_columns(dimensions: &[DimensionInfo]) -> impl Iterator<Item = Column> + '_ {
    dimensions.iter().map(|it| (format!("dim_{}", it.name), ColumnType::Number))
}

/// The values of the columns of continuous targets; empty where there are no values.
pub(crate) fn dimension_values<'a>(
    dimensions: &'a [DimensionInfo],
    values: &'a [f64],
) -> impl Iterator<Item = Value> + 'a {
    (0..dimensions.len()).map(|index| Value::number(values.get(index).copied()))
}

/// The header of CSV.
pub(crate) fn csv_header(columns: &[Column]) -> String {
    csv_row(columns.iter().map(|(name, _)| Value::Text(name.clone())))
}

/// A row of CSV (RFC 4180, with a plain line feed), safe to open in a spreadsheet: see [`csv::guard`].
pub(crate) fn csv_row(values: impl IntoIterator<Item = Value>) -> String {
    let written = |value: Value| match value {
        Value::Text(text) => csv::text(&text),
        // The shortest text that reads back as the same number, as in the JSON lines.
        Value::Number(number) => serde_json::to_string(&number).unwrap_or_default(),
        Value::Flag(flag) => flag.to_string(),
        Value::Empty => String::new(),
    };
    values.into_iter().map(written).collect::<Vec<_>>().join(",") + "\n"
}

/// A row of CSV with the fields as they are, for programs that read them back.
pub(crate) fn csv_row_of<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    fields.into_iter().map(csv::quote).collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{Value, csv_row, csv_row_of};

    #[test]
    fn formulas_become_text_and_differ_from_text_that_looks_like_it() {
        let row = |text: &str| csv_row([Value::Text(text.to_owned())]);
        assert_eq!(row("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"\n");
        for (text, expected) in
            [("+1", "'+1"), ("-a", "'-a"), ("@x", "'@x"), ("'=1", "''=1"), ("'tis", "'tis")]
        {
            assert_eq!(row(text), format!("{expected}\n"));
        }
        assert_eq!(csv_row([Value::Number(-0.5), Value::Empty, Value::Flag(true)]), "-0.5,,true\n");
        assert_eq!(csv_row_of(["-a,b.wav", "c"]), "\"-a,b.wav\",c\n");
    }
}
