//! A report as LaTeX: each table a file for `\input`, and a document of all that compiles on its own.

use std::fmt::Write as _;

use super::escape::latex;
use crate::document::{Block, Document, Figure, Table, Unit};

const PREAMBLE: &str = r"% Compiles on its own, with pdfLaTeX, XeLaTeX or LuaLaTeX. A table alone: \input{tables/NAME}, with booktabs
% array and graphicx loaded.
\documentclass[a4paper,10pt]{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage{textcomp}
\else
  \usepackage{fontspec}
\fi
\usepackage[margin=22mm]{geometry}
\usepackage{booktabs}
\usepackage{array}
\usepackage{graphicx}
\usepackage{float}
\floatplacement{table}{H}
\floatplacement{figure}{H}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt plus 2pt}
\begin{document}
";

/// The document; tables are in `tables/`, figures in `figures/` as PNG where there are such.
pub(crate) fn document(document: &Document, with_figures: bool) -> String {
    let mut text = PREAMBLE.to_owned();
    let title = latex(&document.title);
    let _ = writeln!(text, "{{\\Large\\bfseries {title}\\par}}");
    for line in &document.lead {
        let _ = writeln!(text, "\n{}", latex(line));
    }
    for section in &document.sections {
        let _ = writeln!(text, "\n\\section*{{{}}}", latex(&section.heading));
        for block in &section.blocks {
            text.push('\n');
            match block {
                Block::Heading(heading) => {
                    let _ = writeln!(text, "\\subsection*{{{}}}", latex(heading));
                }
                Block::Text(line) => {
                    let _ = writeln!(text, "{}", latex(line));
                }
                Block::Note(line) => {
                    let _ = writeln!(text, "\\textbf{{Note.}} {}", latex(line));
                }
                Block::Table(table) => {
                    let _ = writeln!(text, "\\input{{tables/{}}}", table.name);
                }
                Block::Figures(figures) if with_figures => {
                    // Two side by side.
                    figures.chunks(2).for_each(|row| text += &figure_row(row));
                }
                Block::Figures(_) => {}
                Block::Code(code) => text += &verbatim(code),
            }
        }
    }
    text + "\\end{document}\n"
}

/// A table as a float with booktabs' rules.
pub(crate) fn table(table: &Table) -> String {
    let columns: String = table.columns.iter().map(|column| alignment(column.unit)).collect();
    // Wide tables are set smaller and tighter.
    let (size, gap) = match table.columns.len() {
        0..=6 => ("small", 6),
        7..=9 => ("footnotesize", 4),
        _ => ("scriptsize", 3),
    };
    let mut text = format!(
        "\\begin{{table}}\n\\centering\\{size}\\setlength{{\\tabcolsep}}{{{gap}pt}}\n\
         \\caption{{{}}}\n\\label{{tab:{}}}\n{FITTED}%\n\\begin{{tabular}}{{@{{}}{columns}@{{}}}}\n\\toprule\n",
        latex(&table.caption),
        table.name
    );
    text += &line(table.columns.iter().map(|column| latex(&column.head)));
    text += "\\midrule\n";
    for (number, row) in table.rows.iter().enumerate() {
        if row.ruled && number > 0 {
            text += "\\midrule\n";
        }
        text += &line(row.cells.iter().zip(&table.columns).map(|(cell, column)| {
            let shown = latex(&cell.show(column.unit));
            if row.strong && column.unit != Unit::Prose {
                format!("\\textbf{{{shown}}}")
            } else {
                shown
            }
        }));
    }
    text += "\\bottomrule\n\\end{tabular}}\n";
    if !table.note.is_empty() {
        let _ = writeln!(
            text,
            "\\par\\smallskip\\begin{{minipage}}{{\\linewidth}}\\footnotesize {}\\end{{minipage}}",
            latex(&table.note)
        );
    }
    text + "\\end{table}\n"
}

/// Shrinks what is wider than the text.
const FITTED: &str = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{";

fn alignment(unit: Unit) -> &'static str {
    match unit {
        Unit::Text => "l",
        Unit::Prose => r">{\raggedright\arraybackslash}p{36mm}",
        _ => "r",
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("{} \\\\\n", cells.collect::<Vec<_>>().join(" & "))
}

/// One or two figures, each with its caption, in a row.
fn figure_row(figures: &[Figure]) -> String {
    let one = |Figure { name, caption, .. }: &Figure| {
        format!(
            "\\begin{{minipage}}[t]{{.48\\linewidth}}\n\
             \\includegraphics[width=\\linewidth]{{figures/{name}.png}}\n\
             \\caption{{{}}}\n\\label{{fig:{name}}}\n\\end{{minipage}}\n",
            latex(caption)
        )
    };
    let row = figures.iter().map(one).collect::<Vec<_>>().join("\\hfill\n");
    format!("\\begin{{figure}}\n\\centering\n{row}\\end{{figure}}\n")
}

/// Code in lines that can break, in a font of one width.
fn verbatim(code: &str) -> String {
    let line = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        format!("\\hspace*{{{indent}\\fontcharwd\\font`x}}{}\\\\\n", latex(line.trim_start()))
    };
    let body: String = code.lines().filter(|line| !line.trim().is_empty()).map(line).collect();
    let body = body.trim_end().trim_end_matches("\\\\");
    format!("{{\\ttfamily\\scriptsize\\raggedright\n{body}\\par}}\n")
}
