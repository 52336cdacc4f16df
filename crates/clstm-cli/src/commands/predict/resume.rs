//! `--resume`: recordings that an earlier run has completed are not processed again.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use crate::args::RowFormat;
use crate::error::CliError;
use crate::text::PathText;

/// The part of an output file that can stay.
#[derive(Debug, Default, PartialEq)]
struct Finished {
    /// Recordings, as shown, whose rows are complete.
    paths: BTreeSet<String>,
    /// Length of the header and their rows in bytes.
    bytes: usize,
}

/// The recordings that `file` has complete rows of, below `header`. An incomplete row at the end is removed.
///
/// With `many_rows` a recording has several rows, as the timelines of CSV do: then the last recording is removed as
/// well, for nothing shows that its rows are complete.
pub(super) fn finished(
    file: &Path,
    format: RowFormat,
    header: &str,
    model: &str,
    many_rows: bool,
) -> Result<BTreeSet<String>, CliError> {
    if !matches!(format, RowFormat::Jsonl | RowFormat::Csv) {
        let message = "--resume needs --format jsonl or csv, or documents";
        return Err(CliError::Usage(message.to_owned()));
    }
    let name = file.text();
    let read = match file.metadata() {
        // A device may have no end.
        Ok(about) if !about.is_file() => Err(io::Error::other("it is no file")),
        Ok(_) => fs::read(file),
        Err(error) => Err(error),
    };
    let content = match read {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(CliError::Failed(format!("cannot read {name}: {error}"))),
    };
    let finished = whole_lines(&content).and_then(|text| match format {
        RowFormat::Jsonl => from_json_lines(text, model, many_rows),
        _ => from_csv(text, header, many_rows),
    });
    let Finished { paths, bytes } = finished.map_err(|reason| {
        CliError::Failed(format!("cannot resume {name}: {reason}; choose another --output"))
    })?;
    let cut = OpenOptions::new().write(true).open(file).and_then(|f| f.set_len(bytes as u64));
    cut.map_err(|error| CliError::writing(&name.to_string(), &error))?;
    Ok(paths)
}

/// The lines that have an end, as text. What follows them was not written to its end: it may stop within a character, or be
/// zeros that a file system left.
fn whole_lines(content: &[u8]) -> Result<&str, String> {
    let end = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let lines = &content[..end];
    let line = |at: usize| 1 + lines[..at].iter().filter(|byte| **byte == b'\n').count();
    if let Some(at) = lines.iter().position(|byte| *byte == 0) {
        return Err(format!("line {} has a NUL character; the file is damaged", line(at)));
    }
    std::str::from_utf8(lines)
        .map_err(|error| format!("line {} is not UTF-8", line(error.valid_up_to())))
}

fn from_json_lines(text: &str, model: &str, many_rows: bool) -> Result<Finished, String> {
    let mut rows = Rows { many_rows, ..Rows::default() };
    let mut done = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let Some(json) = line.strip_suffix('\n') else { break };
        let value: serde_json::Value = match serde_json::from_str(json) {
            Ok(value) => value,
            // The last line may be torn: its recording is processed again.
            Err(error) if error.is_eof() && done + line.len() == text.len() => break,
            Err(error) => return Err(format!("line {number}: {error}")),
        };
        done += line.len();
        let Some(path) = value["path"].as_str() else {
            return Err(format!("line {number} has no path"));
        };
        match value["model"].as_str() {
            Some(other) if other != model => {
                return Err(format!(
                    "line {number} is a prediction of model {other}, not of {model}"
                ));
            }
            _ => rows.add(path.to_owned(), line.len()),
        }
    }
    Ok(rows.finished())
}

fn from_csv(text: &str, header: &str, many_rows: bool) -> Result<Finished, String> {
    let Some(mut rest) = text.strip_prefix(header) else {
        // Not even the header is complete.
        return match header.starts_with(text) {
            true => Ok(Finished::default()),
            false => Err("its header belongs to another command, model or format".to_owned()),
        };
    };
    let mut rows = Rows { many_rows, before: header.len(), ..Rows::default() };
    let (columns, mut line) = (cells(header), 1 + header.matches('\n').count());
    while let Some(end) = row_end(rest) {
        let (row, next) = rest.split_at(end);
        let found = cells(row);
        // The last row may be torn: its recording is processed again.
        if found < columns && next.is_empty() {
            break;
        }
        if found != columns {
            return Err(format!("line {line} has {found} cells instead of {columns}"));
        }
        line += row.matches('\n').count();
        rows.add(first_cell(row), row.len());
        rest = next;
    }
    Ok(rows.finished())
}

/// Length of the first row of CSV with its line feed; `None` if the row does not end.
fn row_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    let end = text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'\n' && !quoted
    });
    end.map(|end| end + 1)
}

/// Number of cells of a row.
fn cells(row: &str) -> usize {
    let mut quoted = false;
    let commas = row.bytes().filter(|byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    1 + commas.count()
}

fn first_cell(row: &str) -> String {
    match row.strip_prefix('"') {
        None => row.split([',', '\n']).next().unwrap_or_default().to_owned(),
        Some(quoted) => {
            // A doubled quote is a quote; a single one ends the field.
            let mut cell = String::new();
            let mut characters = quoted.chars().peekable();
            while let Some(c) = characters.next() {
                if c == '"' && characters.next_if_eq(&'"').is_none() {
                    break;
                }
                cell.push(c);
            }
            cell
        }
    }
}

/// Rows in the order of the file.
#[derive(Default)]
struct Rows {
    many_rows: bool,
    /// Bytes before the rows of the last recording.
    before: usize,
    paths: BTreeSet<String>,
    /// The last recording, and the bytes of its rows.
    last: Option<(String, usize)>,
}

impl Rows {
    fn add(&mut self, path: String, bytes: usize) {
        match &mut self.last {
            Some((last, length)) if *last == path => *length += bytes,
            last => {
                if let Some((path, length)) = last.replace((path, bytes)) {
                    self.before += length;
                    self.paths.insert(path);
                }
            }
        }
    }

    fn finished(mut self) -> Finished {
        if let Some((path, length)) = self.last.filter(|_| !self.many_rows) {
            self.before += length;
            self.paths.insert(path);
        }
        Finished { paths: self.paths, bytes: self.before }
    }
}

#[cfg(test)]
mod tests {
    use super::{Finished, from_csv, from_json_lines, whole_lines};

    fn finished(paths: &[&str], bytes: usize) -> Result<Finished, String> {
        Ok(Finished { paths: paths.iter().map(|&path| path.to_owned()).collect(), bytes })
    }

    #[test]
    fn an_incomplete_row_is_removed() {
        let (one, two) = ("{\"path\":\"a\",\"model\":\"m\"}\n", "{\"path\":\"b\",\"error\":{}}\n");
        let whole = format!("{one}{two}");
        assert_eq!(from_json_lines(&whole, "m", false), finished(&["a", "b"], whole.len()));
        assert_eq!(
            from_json_lines(&whole[..whole.len() - 1], "m", false),
            finished(&["a"], one.len())
        );
        assert_eq!(from_json_lines("", "m", false), finished(&[], 0));
        assert!(from_json_lines(&whole, "n", false).unwrap_err().contains("model m"));
        assert!(from_json_lines("path,label\n", "m", false).unwrap_err().contains("line 1"));
    }

    #[test]
    fn torn_last_rows_are_removed_and_damaged_files_refused() {
        assert_eq!(whole_lines("a,b\nü".as_bytes()), Ok("a,b\n"));
        assert_eq!(whole_lines(&"a\nü".as_bytes()[..3]), Ok("a\n"), "half of a character");
        assert_eq!(whole_lines(b"a\nb\n\0\0\0"), Ok("a\nb\n"));
        assert!(whole_lines(b"a\nb\0\nc\n").unwrap_err().contains("line 2 has a NUL"));
        assert!(whole_lines(b"a\n\xff\n").unwrap_err().contains("line 2 is not UTF-8"));
        let header = "path,label,confidence\n";
        let csv = |rows: &str| from_csv(&format!("{header}{rows}"), header, false);
        let kept = header.len() + "a.wav,sad,0.5\n".len();
        assert_eq!(csv("a.wav,sad,0.5\nb.wav,sa\n"), finished(&["a.wav"], kept));
        let torn = csv("a.wav,sa\nb.wav,sad,0.5\n").unwrap_err();
        assert!(torn.contains("line 2 has 2 cells instead of 3"), "{torn}");
        let joined = csv("a.wav,sab.wav,sad,0.5\nc.wav,sad,0.5\n").unwrap_err();
        assert!(joined.contains("line 2 has 4 cells"), "{joined}");
        let one = "{\"path\":\"a\",\"model\":\"m\"}\n";
        let torn = format!("{one}{{\"path\":\"b\",\"dur\n");
        assert_eq!(from_json_lines(&torn, "m", false), finished(&["a"], one.len()));
        let torn = format!("{{\"path\":\"b\",\"dur\n{one}");
        assert!(from_json_lines(&torn, "m", false).unwrap_err().contains("line 1"));
    }

    #[test]
    fn the_last_recording_of_timelines_is_done_again() {
        let row = |path: &str| format!("{{\"path\":\"{path}\",\"start_s\":0}}\n");
        let whole = [row("a"), row("a"), row("b"), row("b")].concat();
        assert_eq!(from_json_lines(&whole, "m", true), finished(&["a"], 2 * row("a").len()));
    }

    #[test]
    fn csv_is_read_with_its_quotes() {
        let (header, row) = ("path,label\n", "\"a \"\"b\"\",\nc.wav\",sad\n");
        let text = format!("{header}{row}plain.wav,happy\n\"half");
        let kept = header.len() + row.len() + "plain.wav,happy\n".len();
        assert_eq!(
            from_csv(&text, header, false),
            finished(&["a \"b\",\nc.wav", "plain.wav"], kept)
        );
        assert_eq!(from_csv("path,la", header, false), finished(&[], 0));
        assert!(from_csv("path,other\n", header, false).is_err());
    }
}
