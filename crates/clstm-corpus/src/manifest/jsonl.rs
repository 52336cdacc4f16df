//! Manifests in JSON Lines: one object a line.

use serde_json::{Map, Value};

use super::problem::{ManifestError, RowProblem};
use super::row::{Column, Row, Table};

/// Reads the rows; blank lines are passed over.
pub(super) fn read(text: &str) -> Result<Table, ManifestError> {
    let (mut table, mut problems) = (Table::default(), Vec::new());
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        match row(line, text, &mut table) {
            Ok(row) => table.rows.push(row),
            Err(problem) => problems.push(problem),
        }
    }
    ManifestError::of_malformed(problems)?;
    Ok(table)
}

fn row(line: usize, text: &str, table: &mut Table) -> Result<Row, RowProblem> {
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        // The parser sees one line at a time: its line is always the first.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let problem = format!("not a JSON object ({message}, character {})", error.column());
        RowProblem::row(line, problem)
    })?;
    let mut row = Row::new(line);
    for (key, value) in &object {
        let Some(column) = Column::named(key) else {
            if !table.unused.contains(key) {
                table.unused.insert(key.clone());
            }
            match value {
                Value::String(text) => row.set_extra(key, text),
                Value::Number(number) => row.set_extra(key, &number.to_string()),
                Value::Bool(yes) => row.set_extra(key, &yes.to_string()),
                _ => {}
            }
            continue;
        };
        if row.get(column).is_some() {
            return Err(RowProblem::at(line, column, "there twice; keep one"));
        }
        match value {
            Value::String(text) => row.set(column, text),
            Value::Number(number) => row.set(column, &number.to_string()),
            Value::Null => {}
            _ => {
                let problem = "neither a text nor a number; write it as a text";
                return Err(RowProblem::at(line, column, problem));
            }
        }
    }
    Ok(row)
}
