//! CSV with a header: `start` and `end` or `duration` in seconds, and perhaps `speaker` and `text`.

use std::ops::Range;

use crate::caption::{one_line, rounded};
use crate::edits::Edits;
use crate::lines::line_at;
use crate::{Annotation, Segment, SegmentsError, clock};

const START: [&str; 6] = ["start", "start_s", "begin", "onset", "start_time", "tmin"];
const END: [&str; 7] = ["end", "end_s", "stop", "offset", "end_time", "tmax", "stop_s"];
const DURATION: [&str; 3] = ["duration", "duration_s", "length"];
const SPEAKER: [&str; 3] = ["speaker", "speaker_id", "speaker_label"];
const TEXT: [&str; 3] = ["text", "label", "transcript"];

/// Where columns are added.
#[derive(Debug)]
pub(crate) struct Layout {
    separator: char,
    /// Whether the times have a decimal comma.
    decimal_comma: bool,
    /// The end of the header, and its names.
    header: usize,
    names: Vec<String>,
    /// The ends of the rows, one a segment, with the number of cells that the row lacks.
    rows: Vec<(usize, usize)>,
}

/// A row: its cells without quotes, and its place without its end.
struct Row {
    /// Its first line, from 1.
    line: usize,
    cells: Vec<String>,
    place: Range<usize>,
}

/// Whether a line is the header of segments.
pub(crate) fn has_header(line: &str) -> bool {
    let header = rows(line, separator(line)).ok().and_then(|rows| rows.into_iter().next());
    header.is_some_and(|row| find(&row.cells, &START).is_some())
}

/// Reads the rows below the header.
pub(crate) fn parse(text: &str) -> Result<(Vec<Segment>, Layout), SegmentsError> {
    let first = crate::lines::lines(text).find(|line| !line.is_blank());
    let separator = separator(first.map_or("", |line| line.text));
    let mut all = rows(text, separator)?.into_iter().filter(|row| !is_blank(row));
    let missing = "the first line must name the columns, with start and end in seconds";
    let Some(header) = all.next() else { return Err(SegmentsError::line(1, missing)) };
    let column = |names: &[&str]| find(&header.cells, names);
    let (end, duration) = (column(&END), column(&DURATION));
    let Some(start) = column(&START).filter(|_| end.or(duration).is_some()) else {
        return Err(SegmentsError::line(header.line, missing));
    };
    let (speaker, words) = (column(&SPEAKER), column(&TEXT));
    let (mut segments, mut ends, mut decimal_comma) = (Vec::new(), Vec::new(), false);
    for row in all {
        let line = row.line;
        let cell = |index: usize| row.cells.get(index).map_or("", String::as_str);
        let time = |index: usize| {
            let seconds = clock::number(cell(index)).or_else(|| clock::parse(cell(index)).ok());
            seconds.ok_or_else(|| {
                let name = header.cells.get(index).map_or("", String::as_str);
                SegmentsError::line(
                    line,
                    format!("the {name} {:?} is not a time in seconds", cell(index)),
                )
            })
        };
        let from = time(start)?;
        decimal_comma |= separator != ',' && cell(start).contains(',');
        let to = match (end, duration) {
            (Some(end), _) => time(end)?,
            (None, Some(duration)) => from + time(duration)?,
            (None, None) => from,
        };
        let segment = Segment::new(from, to, line)?.by(speaker.map(cell));
        segments.push(segment.with_text(words.map_or("", cell)));
        ends.push((row.place.end, header.cells.len().saturating_sub(row.cells.len())));
    }
    let layout = Layout {
        separator,
        decimal_comma,
        header: header.place.end,
        names: header.cells,
        rows: ends,
    };
    Ok((segments, layout))
}

/// All rows of a text with their lines, the first of them the header.
pub(crate) fn read_rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, SegmentsError> {
    let first = crate::lines::lines(text).find(|line| !line.is_blank());
    let all = rows(text, separator(first.map_or("", |line| line.text)))?;
    Ok(all.into_iter().filter(|row| !is_blank(row)).map(|row| (row.line, row.cells)).collect())
}

fn is_blank(row: &Row) -> bool {
    row.cells.iter().all(|cell| cell.trim().is_empty())
}

fn find(header: &[String], names: &[&str]) -> Option<usize> {
    let is = |cell: &String| names.iter().any(|name| cell.trim().eq_ignore_ascii_case(name));
    header.iter().position(is)
}

/// The separator of a header: the one that it has most of.
fn separator(header: &str) -> char {
    let count = |c: char| header.matches(c).count();
    let most = ['\t', ';'].into_iter().find(|c| count(*c) > count(','));
    most.unwrap_or(',')
}

/// The rows of RFC 4180, with any line end.
fn rows(text: &str, separator: char) -> Result<Vec<Row>, SegmentsError> {
    let mut rows = Vec::new();
    let (mut cells, mut cell, mut start, mut quoted_at) = (Vec::new(), String::new(), 0, None);
    let (mut line, mut row_line) = (1, 1);
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next_is_lf = letters.peek().is_some_and(|(_, next)| *next == '\n');
        line += usize::from(letter == '\n' || letter == '\r' && !next_is_lf);
        match letter {
            '"' if quoted_at.is_some() => match letters.next_if(|(_, next)| *next == '"') {
                Some(_) => cell.push('"'),
                None => quoted_at = None,
            },
            _ if quoted_at.is_some() => cell.push(letter),
            '"' if cell.is_empty() => quoted_at = Some(at),
            '\n' | '\r' => {
                cells.push(std::mem::take(&mut cell));
                let cells = std::mem::take(&mut cells);
                rows.push(Row { line: row_line, cells, place: start..at });
                if letter == '\r' && letters.next_if(|(_, next)| *next == '\n').is_some() {
                    line += 1;
                }
                row_line = line;
                start = letters.peek().map_or(text.len(), |(at, _)| *at);
            }
            letter if letter == separator => cells.push(std::mem::take(&mut cell)),
            letter => cell.push(letter),
        }
    }
    if let Some(at) = quoted_at {
        return Err(SegmentsError::line(line_at(text, at), "the quote is never closed"));
    }
    if start < text.len() {
        cells.push(cell);
        rows.push(Row { line: row_line, cells, place: start..text.len() });
    }
    Ok(rows)
}

/// Adds the columns `emotion`, `emotion_confidence`, `emotion_status` and one for each probability. Columns of the same names
/// that are there already stay, and the new ones are numbered.
pub(crate) fn annotate(layout: &Layout, annotations: &[Annotation], labels: &[String]) -> Edits {
    let Layout { separator, decimal_comma, header, names, rows } = layout;
    let taken: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    let mut new: Vec<String> =
        ["emotion", "emotion_confidence", "emotion_status"].map(str::to_owned).into();
    new.extend(labels.iter().map(|label| format!("emotion_p_{}", one_line(label))));
    let mut edits = Edits::default();
    let mut cells = String::new();
    for name in &new {
        let name_free = super::free_name(name, &taken);
        cells.push(*separator);
        cells += &quote(&name_free, *separator);
    }
    edits.insert(*header, cells);
    for ((end, lacking), annotation) in rows.iter().zip(annotations) {
        let emotion = annotation.emotion();
        let label = emotion.and_then(|emotion| labels.get(emotion.label_index));
        let number = |p: f64| {
            let number = rounded(p).to_string();
            if *decimal_comma { number.replace('.', ",") } else { number }
        };
        let status = match annotation.clipped {
            true => format!("{} clipped", annotation.outcome.status()),
            false => annotation.outcome.status().to_owned(),
        };
        let mut values = vec![
            label.map_or(String::new(), |label| one_line(label)),
            emotion.map_or(String::new(), |emotion| number(emotion.confidence())),
            status,
        ];
        values.extend((0..labels.len()).map(|index| {
            let p = emotion.and_then(|emotion| emotion.probabilities.get(index));
            p.map_or(String::new(), |p| number(*p))
        }));
        let mut cells = separator.to_string().repeat(*lacking);
        for value in values {
            cells.push(*separator);
            cells += &quote(&value, *separator);
        }
        edits.insert(*end, cells);
    }
    edits
}

/// A cell, in quotes where it needs them.
pub(crate) fn quote(cell: &str, separator: char) -> String {
    match cell.contains([separator, '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}
