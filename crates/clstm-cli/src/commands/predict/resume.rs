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
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(CliError::Failed(format!("cannot read {name}: {error}"))),
    };
    let finished = match format {
        RowFormat::Jsonl => from_json_lines(&text, model, many_rows),
        _ => from_csv(&text, header, many_rows),
    };
    let Finished { paths, bytes } = finished.map_err(|reason| {
        CliError::Failed(format!("cannot resume {name}: {reason}; choose another --output"))
    })?;
    let cut = OpenOptions::new().write(true).open(file).and_then(|f| f.set_len(bytes as u64));
    cut.map_err(|error| CliError::writing(&name.to_string(), &error))?;
    Ok(paths)
}

fn from_json_lines(text: &str, model: &str, many_rows: bool) -> Result<Finished, String> {
    let mut rows = Rows { many_rows, ..Rows::default() };
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let Some(json) = line.strip_suffix('\n') else { break };
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| format!("line {number}: {error}"))?;
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
    while let Some(end) = row_end(rest) {
        let (row, next) = rest.split_at(end);
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
    use super::{Finished, from_csv, from_json_lines};

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
