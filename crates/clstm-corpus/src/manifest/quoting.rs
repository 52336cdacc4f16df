//! Quotation marks in CSV.
//!
//! The parser takes any: one that is not closed makes the rest of the file a single field, and the
//! rows in it are lost without a word. Here they must stand as RFC 4180 has them: round a whole
//! field, doubled within.

use super::problem::RowProblem;

enum At {
    /// Nothing of the field was read.
    Start,
    /// In a field without quotation marks.
    Plain,
    /// In a quoted field.
    Quoted,
    /// After a quotation mark in a quoted field: its end, or the first of two.
    Closed,
}

/// The first quotation mark out of place, if there is one.
pub(super) fn check(text: &str) -> Result<(), RowProblem> {
    let (mut at, mut line, mut column) = (At::Start, 1, 1);
    let mut opened = (1, 1);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        // A carriage return before a line feed is part of one line's end, alone it is one.
        let ends_line = byte == b'\n' || (byte == b'\r' && bytes.peek() != Some(&b'\n'));
        at = match (at, byte) {
            (At::Start, b'"') => {
                opened = (line, column);
                At::Quoted
            }
            (At::Quoted, b'"') => At::Closed,
            (At::Closed, b'"') | (At::Quoted, _) => At::Quoted,
            (At::Plain, b'"') => {
                return Err(RowProblem::at(
                    line,
                    column,
                    "a quotation mark within a field; put the whole field in quotation marks, \
                     without a blank before them, and double those within",
                ));
            }
            (_, b',') => {
                column += 1;
                At::Start
            }
            (_, b'\n' | b'\r') => {
                column = 1;
                At::Start
            }
            (At::Closed, b' ' | b'\t') => At::Closed,
            (At::Closed, _) => {
                return Err(RowProblem::at(
                    line,
                    column,
                    "text after the closing quotation mark; double the quotation marks within a \
                     quoted field",
                ));
            }
            (At::Start | At::Plain, _) => At::Plain,
        };
        line += usize::from(ends_line);
    }
    match at {
        At::Quoted => {
            Err(RowProblem::at(opened.0, opened.1, "the quotation mark is never closed; close it"))
        }
        _ => Ok(()),
    }
}
