//! Names that would be code.

use std::path::{Path, PathBuf};

use clstm_report::Options;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Written, copy, edit, tags};

const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "a|b\nc",
    "=HYPERLINK(\"x\")",
    "\\input{/etc/passwd}%$&#_^~",
    "](javascript:alert(1))",
    "\u{202e}rtl\u{7}\u{0}",
    "悲しい 😢",
];

/// A run whose classes, corpus, speakers and folder are named by someone hostile.
fn run() -> (TempDir, PathBuf) {
    let (guard, folder) = copy("clstm", "<b>run & \"quotes\" \\x_y");
    let record = |path: &Path| {
        edit(path, |record| {
            record["labels"] = json!(HOSTILE);
            record["protocol"]["corpus"] = json!(HOSTILE[0]);
            record["protocol"]["preset"] = json!("$(rm -rf /)`x`|");
        });
    };
    record(&folder.join("metrics.json"));
    (guard, folder)
}

fn written() -> Written {
    let (_room, folder) = run();
    let title = Some("</title><script>\\end{document}".to_owned());
    Written::with(&[folder], &Options { title, ..Options::default() })
}

#[test]
fn pages_and_drawings_stay_what_they_are() {
    let report = written();
    let page = report.text("report.html");
    let names = tags(&page);
    assert!(!names.iter().any(|name| name == "script" || name == "img" || name == "b>run"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains(['\u{202e}', '\u{7}', '\u{0}']));
    for name in report.files(".svg") {
        let names = tags(&report.text(&name));
        assert!(!names.iter().any(|name| name == "script" || name == "img"), "{name}");
    }
}

/// Markdown without its fenced code, in which nothing is active.
fn outside_fences(markdown: &str) -> String {
    let (mut outside, mut fence) = (String::new(), None);
    for line in markdown.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').count();
        match fence {
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None => outside += &format!("{line}\n"),
        }
    }
    assert_eq!(fence, None, "a fence is not closed");
    outside
}

#[test]
fn tables_keep_their_columns() {
    let report = written();
    let markdown = report.text("report.md");
    let active = outside_fences(&markdown);
    assert!(active.len() < markdown.len(), "the recipe is fenced");
    assert!(!active.contains("<script>") && !active.contains("<img"));
    let mut width = None;
    for line in markdown.lines() {
        // Bars that are escaped are text.
        let bars = line.replace("\\|", "").matches('|').count();
        match (line.starts_with('|'), width) {
            (true, None) => width = Some(bars),
            (true, Some(width)) => assert_eq!(bars, width, "{line}"),
            (false, _) => width = None,
        }
    }
    for name in report.files(".csv") {
        let text = report.text(&name);
        let rows = fields(&text);
        assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{name}");
        for field in rows.iter().flatten() {
            let number = field.parse::<f64>().is_ok();
            assert!(number || !field.starts_with(['=', '+', '-', '@']), "{field}");
        }
    }
}

/// A reader of RFC 4180.
fn fields(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => field.extend(chars.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut field)),
            ('\n', false) => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            (c, _) => field.push(c),
        }
    }
    rows
}

#[test]
fn latex_commands_are_escaped() {
    let report = written();
    for name in report.files(".tex") {
        let text = report.text(&name);
        assert!(!text.contains("\\input{/etc") && text.matches("\\end{document}").count() < 2);
        let bare = text.replace("\\{", "").replace("\\}", "");
        assert_eq!(bare.matches('{').count(), bare.matches('}').count(), "{name}");
        for environment in ["table", "tabular", "figure", "minipage", "document"] {
            let count = |what: &str| text.matches(&format!("\\{what}{{{environment}}}")).count();
            assert_eq!(count("begin"), count("end"), "{environment} in {name}");
        }
    }
}

#[test]
fn files_stay_in_their_folder() {
    let (guard, folder) = run();
    let (other_room, other) = copy("clstm", "clstm");
    let report = Written::of(&[folder, other]);
    let names = [report.files(".csv"), report.files(".svg")].concat();
    for name in names {
        let clean = |c: char| c.is_ascii_alphanumeric() || "-./".contains(c);
        assert!(name.chars().all(clean) && !name.contains(".."), "{name}");
    }
    assert_eq!(std::fs::read_dir(guard.path()).unwrap().count(), 1);
    drop(other_room);
}

#[test]
fn the_command_is_one_of_words() {
    let text = written().text("report.md");
    assert!(text.contains("--preset '$(rm -rf /)`x`|'"), "{text}");
}
