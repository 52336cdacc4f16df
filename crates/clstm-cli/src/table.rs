//! Tables for the terminal.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use crate::text::printable;

/// Rows of cells under a header. Cells are made printable.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    left: usize,
}

impl Table {
    /// An empty table; the first `left` columns are set to the left, the others to the right.
    pub(crate) fn new<S: Into<String>>(left: usize, header: impl IntoIterator<Item = S>) -> Self {
        let mut table = Self::bare(left);
        table.row(header);
        table
    }

    /// An empty table without a header.
    pub(crate) fn bare(left: usize) -> Self {
        Self { rows: Vec::new(), left }
    }

    /// Adds a row.
    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell.into())).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if column > 0 {
                    line += "  ";
                }
                line += &pad(cell, width, column < self.left);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A cell of at least `width` terminal columns.
pub(crate) fn pad(cell: &str, width: usize, left: bool) -> String {
    let blank = " ".repeat(width.saturating_sub(cell.width()));
    if left { format!("{cell}{blank}") } else { format!("{blank}{cell}") }
}

/// A text of at most this many terminal columns; a longer one is cut and ends with an ellipsis.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if format!("{short}{letter}").width() + 1 > columns {
            break;
        }
        short.push(letter);
    }
    short + "…"
}

/// A fraction in percent with one decimal.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.1}%", 100.0 * fraction)
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn cells_hold_one_line_of_printable_text() {
        let mut table = Table::new(1, ["a", "b"]);
        table.row(["x\n\u{1b}[2Jy", "1"]);
        assert_eq!(table.to_string(), "a              b\nx\\n\\u{1b}[2Jy  1\n");
    }

    #[test]
    fn columns_line_up_in_terminal_cells() {
        let mut table = Table::new(1, ["class", "n"]);
        table.row(["happy", "7"]);
        table.row(["悲しい", "192"]);
        assert_eq!(table.to_string(), "class     n\nhappy     7\n悲しい  192\n");
    }
}
