//! Comma-separated values, as strictly as RFC 4180 has them.
//!
//! A lenient reader takes a quotation mark anywhere: one that is not closed makes the rest of the
//! file a single field, and the rows in it are lost silently. Here quotation marks enclose
//! a whole field and are doubled within, or the file is refused. Lines may end in any of the
//! three ways.

use super::problem::RowProblem;

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Line that it starts on, from 1.
    pub(crate) line: usize,
    /// Its fields without blanks around them; at least one.
    pub(crate) fields: Vec<String>,
}

/// Where in a field the reader is.
enum At {
    /// Nothing but blanks was read.
    Start,
    /// In a field without quotation marks.
    Plain,
    /// In a quoted field.
    Quoted,
    /// After a quotation mark in a quoted field: its end, or the first of two.
    Closed,
}

/// All records; those whose fields are all empty are passed over.
pub(crate) fn read(text: &str) -> Result<Vec<Record>, RowProblem> {
    let (mut records, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut at, mut line, mut first, mut opened) = (At::Start, 1, 1, 1);
    let mut chars = text.chars().peekable();
    loop {
        let next = chars.next();
        // A carriage return before a line feed is part of one line's end, alone it is one.
        let ends_line = match next {
            Some('\r') => chars.peek() != Some(&'\n'),
            other => other == Some('\n'),
        };
        let wrong = |problem: &str| Err(RowProblem::at(line, fields.len() + 1, problem));
        at = match (at, next) {
            (At::Quoted, None) => {
                let problem = "the quotation mark is never closed; close it";
                return Err(RowProblem::at(opened, fields.len() + 1, problem));
            }
            (At::Start, Some('"')) => {
                opened = line;
                At::Quoted
            }
            (At::Quoted, Some('"')) => At::Closed,
            (At::Closed, Some('"')) => {
                field.push('"');
                At::Quoted
            }
            (At::Quoted, Some(c)) => {
                field.push(c);
                At::Quoted
            }
            (At::Plain, Some('"')) => {
                return wrong(
                    "a quotation mark within a field; put the whole field in quotation marks and \
                     double those within",
                );
            }
            (_, Some(',')) => {
                fields.push(take(&mut field));
                At::Start
            }
            (_, None | Some('\n' | '\r')) => {
                if ends_line || next.is_none() {
                    fields.push(take(&mut field));
                    let fields = std::mem::take(&mut fields);
                    if fields.iter().any(|field| !field.is_empty()) {
                        records.push(Record { line: first, fields });
                    }
                    first = line + 1;
                }
                At::Start
            }
            (at @ (At::Start | At::Closed), Some(' ' | '\t')) => at,
            (At::Closed, Some(_)) => {
                return wrong(
                    "text after the closing quotation mark; double the quotation marks within a \
                     quoted field",
                );
            }
            (At::Start | At::Plain, Some(c)) => {
                field.push(c);
                At::Plain
            }
        };
        if next.is_none() {
            return Ok(records);
        }
        line += usize::from(ends_line);
    }
}

fn take(field: &mut String) -> String {
    let whole = std::mem::take(field);
    whole.trim().to_owned()
}
