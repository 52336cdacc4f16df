//! Manifests in CSV.

use std::collections::BTreeSet;

use super::csv_records::{self, Record};
use super::problem::{ManifestError, RowProblem};
use super::row::{Column, Row, Table};

/// Reads the header and the rows; blank rows are passed over.
pub(super) fn read(text: &str) -> Result<Table, ManifestError> {
    let records = csv_records::read(text).map_err(|problem| {
        ManifestError::of_rows("it cannot be read as comma-separated values", vec![problem])
    })?;
    let mut records = records.into_iter();
    let Some(header) = records.next() else { return Ok(Table::default()) };
    let header = Header::new(&header)?;
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for record in records {
        match header.row(&record) {
            Ok(row) => rows.push(row),
            Err(problem) => problems.push(problem),
        }
    }
    ManifestError::of_malformed(problems)?;
    Ok(Table { rows, unused: header.unused })
}

struct Header {
    columns: Vec<Option<Column>>,
    names: Vec<String>,
    unused: BTreeSet<String>,
}

impl Header {
    fn new(Record { line, fields }: &Record) -> Result<Self, ManifestError> {
        let columns: Vec<Option<Column>> = fields.iter().map(|name| Column::named(name)).collect();
        let refuse = |problem: String| {
            Err(ManifestError::new(format!("the header (line {line}) {problem}")))
        };
        for wanted in Column::ALL {
            if columns.iter().filter(|c| **c == Some(wanted)).count() > 1 {
                return refuse(format!("has the column {wanted} twice; keep one"));
            }
        }
        // Spreadsheets of some countries separate the fields of a "CSV" otherwise.
        for (separator, name) in [(';', "semicolons"), ('\t', "tabs")] {
            if let [one] = fields.as_slice()
                && one.contains(separator)
            {
                return refuse(format!(
                    "separates its fields by {name}; save the file with commas between them (\"CSV, \
                     comma-separated\" in a spreadsheet)"
                ));
            }
        }
        for needed in [Column::Path, Column::Label] {
            if !columns.contains(&Some(needed)) {
                return refuse(format!(
                    "has no column {needed}, but {}; it needs path and label, and may have \
                     speaker, sex, session, start_s, end_s, fold and split",
                    fields.join(", ")
                ));
            }
        }
        let unused =
            fields.iter().zip(&columns).filter(|(name, c)| c.is_none() && !name.is_empty());
        let unused = unused.map(|(name, _)| name.clone()).collect();
        Ok(Self { columns, names: fields.clone(), unused })
    }

    fn row(&self, Record { line, fields }: &Record) -> Result<Row, RowProblem> {
        let (found, expected) = (fields.len(), self.columns.len());
        // Spreadsheets fill rows up with empty fields.
        let surplus = fields.iter().skip(expected).any(|field| !field.is_empty());
        if found < expected || surplus {
            return Err(RowProblem::row(
                *line,
                format!(
                    "the row has {found} fields, the header {expected}; give each column its field \
                     and put fields that hold a comma in quotation marks"
                ),
            ));
        }
        let mut row = Row::new(*line);
        for ((column, name), value) in self.columns.iter().zip(&self.names).zip(fields) {
            match column {
                Some(column) => row.set(*column, value),
                None if name.is_empty() => {}
                None => row.set_extra(name, value),
            }
        }
        Ok(row)
    }
}
