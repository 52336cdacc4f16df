//! A report as one page that needs nothing else: style and figures are inside, nothing is fetched, nothing
//! runs.

use std::fmt::Write as _;

use super::escape::xml;
use crate::document::{Block, Cell, Document, Figure, Row, Table, Unit};
use crate::figure::palette::{DARK, LIGHT};

/// The page. The policy in its head forbids what it does not do: to load or to run anything.
pub(crate) fn page(document: &Document, footer: &str) -> String {
    let title = xml(&document.title);
    let (style, light, dark) = (include_str!("page.css"), LIGHT.rules(), DARK.rules());
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'\">\n<title>{title}</title>\n<style>\n{style}{light}\n\
         @media screen and (prefers-color-scheme:dark){{{dark}}}\n</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n"
    );
    for line in &document.lead {
        let _ = writeln!(html, "<p class=\"lead\">{}</p>", xml(line));
    }
    html += "<nav aria-label=\"Contents\"><ol>\n";
    for (number, section) in document.sections.iter().enumerate() {
        let heading = xml(&section.heading);
        let _ = writeln!(html, "<li><a href=\"#s{number}\">{heading}</a></li>");
    }
    html += "</ol></nav>\n</header>\n<main>\n";
    let mut counts = Counts::default();
    for (number, section) in document.sections.iter().enumerate() {
        let heading = xml(&section.heading);
        let _ = write!(
            html,
            "<section aria-labelledby=\"s{number}\">\n<h2 id=\"s{number}\">{heading}</h2>\n"
        );
        section.blocks.iter().for_each(|block| html += &counts.block(block));
        html += "</section>\n";
    }
    let _ = write!(html, "</main>\n<footer>{}</footer>\n</body>\n</html>\n", xml(footer));
    html
}

/// Numbers of tables and figures so far.
#[derive(Default)]
struct Counts {
    tables: usize,
    figures: usize,
}

impl Counts {
    fn block(&mut self, block: &Block) -> String {
        match block {
            Block::Heading(heading) => format!("<h3>{}</h3>\n", xml(heading)),
            Block::Text(line) => format!("<p>{}</p>\n", xml(line)),
            Block::Note(line) => format!("<p class=\"note\"><b>Note.</b> {}</p>\n", xml(line)),
            Block::Code(code) => {
                let long = if code.lines().count() > LONG { " class=\"long\"" } else { "" };
                format!("<pre tabindex=\"0\"{long}>{}</pre>\n", xml(code.trim_end()))
            }
            Block::Table(of) => {
                self.tables += 1;
                table(of, self.tables)
            }
            Block::Figures(figures) => {
                let inside: String = figures
                    .iter()
                    .map(|of| {
                        self.figures += 1;
                        figure(of, self.figures)
                    })
                    .collect();
                format!("<div class=\"figures\">\n{inside}</div>\n")
            }
        }
    }
}

/// Rows of a table, and lines of code, that may be broken over pages and columns.
const LONG: usize = 24;

fn table(table: &Table, number: usize) -> String {
    let long = if table.rows.len() > LONG { " long" } else { "" };
    let caption = xml(&table.caption);
    // The box scrolls sideways on narrow screens, and can be reached by the keyboard for that.
    let mut html = format!(
        "<div class=\"table{long}\">\n<p class=\"caption\" id=\"t{number}\"><b>Table {number}.</b> \
         {caption}</p>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" \
         aria-labelledby=\"t{number}\">\n<table aria-labelledby=\"t{number}\">\n<thead><tr>"
    );
    for column in &table.columns {
        let (class, head) = (class(column.unit), xml(&column.head));
        let _ = write!(html, "<th scope=\"col\"{class}>{head}</th>");
    }
    html += "</tr></thead>\n<tbody>\n";
    table.rows.iter().for_each(|of| html += &row(of, table));
    html += "</tbody>\n</table>\n</div>\n";
    if !table.note.is_empty() {
        let _ = writeln!(html, "<p class=\"under\">{}</p>", xml(&table.note));
    }
    html + "</div>\n"
}

fn row(row: &Row, table: &Table) -> String {
    let classes = match (row.strong, row.ruled) {
        (true, true) => " class=\"strong ruled\"",
        (true, false) => " class=\"strong\"",
        (false, true) => " class=\"ruled\"",
        (false, false) => "",
    };
    let mut html = format!("<tr{classes}>");
    for (index, (cell, column)) in row.cells.iter().zip(&table.columns).enumerate() {
        let (class, shown) = (class(column.unit), xml(&cell.show(column.unit)));
        // The first column names the row.
        let named = index == 0 && column.unit.is_text() && !matches!(cell, Cell::Empty);
        let (tag, scope) = if named { ("th", " scope=\"row\"") } else { ("td", "") };
        let _ = write!(html, "<{tag}{scope}{class}>{shown}</{tag}>");
    }
    html + "</tr>\n"
}

fn class(unit: Unit) -> &'static str {
    match unit {
        Unit::Text => " class=\"t\"",
        Unit::Prose => " class=\"p\"",
        _ => "",
    }
}

fn figure(figure: &Figure, number: usize) -> String {
    let (drawing, caption) = (figure.canvas.in_page(&figure.description), xml(&figure.caption));
    format!(
        "<figure>\n{drawing}\n<figcaption><b>Figure {number}.</b> {caption}</figcaption>\n</figure>\n"
    )
}
