//! Manifests in CSV.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::problem::{Refusal, RowProblem};
use super::quoting;
use super::row::{Column, Row, Table};

/// Reads the header and the rows; blank rows are passed over.
pub(super) fn read(text: &str) -> Result<Table, Refusal> {
    quoting::check(text).map_err(|problem| {
        Refusal::of_rows("it cannot be read as comma-separated values", vec![problem])
    })?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut place = Place::new(text);
    let mut header: Option<Header> = None;
    let (mut table, mut problems) = (Table::default(), Vec::new());
    let mut record = StringRecord::new();
    let malformed = |error: csv::Error| Refusal::new(format!("it cannot be read: {error}"));
    while reader.read_record(&mut record).map_err(malformed)? {
        let line = place.line(record.position().map_or(0, csv::Position::byte));
        if record.iter().all(str::is_empty) {
            continue;
        }
        let Some(header) = &header else {
            let new = Header::new(&record, line)?;
            table.unused.extend(new.unused.iter().cloned());
            header = Some(new);
            continue;
        };
        match header.row(&record, line) {
            Ok(row) => table.rows.push(row),
            Err(problem) => problems.push(problem),
        }
    }
    Refusal::of_malformed(problems)?;
    Ok(table)
}

struct Header {
    columns: Vec<Option<Column>>,
    unused: Vec<String>,
}

impl Header {
    fn new(record: &StringRecord, line: usize) -> Result<Self, Refusal> {
        let columns: Vec<Option<Column>> = record.iter().map(Column::named).collect();
        let refuse =
            |problem: String| Err(Refusal::new(format!("the header (line {line}) {problem}")));
        for wanted in Column::ALL {
            if columns.iter().filter(|c| **c == Some(wanted)).count() > 1 {
                return refuse(format!("has the column {wanted} twice; keep one"));
            }
        }
        for needed in [Column::Path, Column::Label] {
            if !columns.contains(&Some(needed)) {
                let found: Vec<&str> = record.iter().collect();
                // Some countries' spreadsheets write these between the fields of a "CSV".
                let hint = match record.iter().any(|name| name.contains([';', '\t'])) {
                    true => ", and commas between the fields",
                    false => "",
                };
                return refuse(format!(
                    "has no column {needed}, but {}; it needs path and label{hint}, and may have \
                     speaker, sex and session",
                    found.join(", ")
                ));
            }
        }
        let unused =
            record.iter().zip(&columns).filter(|(name, c)| c.is_none() && !name.is_empty());
        let unused = unused.map(|(name, _)| name.to_owned()).collect();
        Ok(Self { columns, unused })
    }

    fn row(&self, record: &StringRecord, line: usize) -> Result<Row, RowProblem> {
        let (found, expected) = (record.len(), self.columns.len());
        // Spreadsheets fill rows up with empty fields.
        let surplus = record.iter().skip(expected).any(|field| !field.is_empty());
        if found < expected || surplus {
            return Err(RowProblem::row(
                line,
                format!(
                    "the row has {found} fields, the header {expected}; give each column its field \
                     and put fields that hold a comma in quotation marks"
                ),
            ));
        }
        let mut row = Row::new(line);
        for (column, value) in self.columns.iter().zip(record) {
            if let Some(column) = column {
                row.set(*column, value);
            }
        }
        Ok(row)
    }
}

/// Lines of ascending places in a text. The parser's own count is of where it stopped: before the
/// end of a line that it has not yet passed over, and before blank lines.
struct Place<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Place<'a> {
    fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, line: 1 }
    }

    /// The line of the first character from `byte` on that does not end a line.
    fn line(&mut self, byte: u64) -> usize {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(&here) = self.bytes.get(self.at) {
            let ends = matches!(here, b'\r' | b'\n');
            if self.at >= byte && !ends {
                break;
            }
            let first_of_two = here == b'\r' && self.bytes.get(self.at + 1) == Some(&b'\n');
            self.line += usize::from(ends && !first_of_two);
            self.at += 1;
        }
        self.line
    }
}
