//! A report as Markdown, with its figures as SVG files beside it.

use std::fmt::Write as _;

use super::escape::markdown;
use crate::document::{Block, Document, Figure, Table, Unit};

/// The whole document; figures are in `figures/`.
pub(crate) fn document(document: &Document) -> String {
    let mut text = format!("# {}\n", markdown(&document.title));
    for line in &document.lead {
        let _ = write!(text, "\n{}\n", markdown(line));
    }
    for section in &document.sections {
        let _ = write!(text, "\n## {}\n", markdown(&section.heading));
        for block in &section.blocks {
            text.push('\n');
            match block {
                Block::Heading(heading) => {
                    let _ = writeln!(text, "### {}", markdown(heading));
                }
                Block::Text(line) => {
                    let _ = writeln!(text, "{}", markdown(line));
                }
                Block::Note(line) => {
                    let _ = writeln!(text, "> **Note.** {}", markdown(line));
                }
                Block::Table(of) => text += &table(of),
                Block::Figures(figures) => figures.iter().for_each(|of| text += &figure(of)),
                Block::Code(code) => text += &fenced(code),
            }
        }
    }
    text
}

/// A table with its caption above and its note below.
pub(crate) fn table(table: &Table) -> String {
    let mut text = format!("**{}**\n\n", markdown(&table.caption));
    let heads = table.columns.iter().map(|column| markdown(&column.head));
    text += &line(heads);
    let rule = |is_text| if is_text { "---" } else { "---:" };
    text += &line(table.columns.iter().map(|column| rule(column.unit.is_text()).to_owned()));
    for row in &table.rows {
        let cells = row.cells.iter().zip(&table.columns).map(|(cell, column)| {
            let shown = markdown(&cell.show(column.unit));
            if row.strong && column.unit != Unit::Prose { format!("**{shown}**") } else { shown }
        });
        text += &line(cells);
    }
    if !table.note.is_empty() {
        let _ = write!(text, "\n*{}*\n", markdown(&table.note));
    }
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn figure(figure: &Figure) -> String {
    let Figure { name, caption, description, .. } = figure;
    format!("![{}](figures/{name}.svg)\n\n*{}*\n\n", markdown(description), markdown(caption))
}

/// A fence longer than any in the code.
fn fenced(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}\n", code.trim_end())
}
