//! CSV with a header: `start` and `end` or `duration` in seconds, and perhaps `speaker` and `text`.

use std::ops::Range;

use crate::caption::{one_line, rounded};
use crate::edits::Edits;
use crate::lines::{line_at, line_end};
use crate::{Annotation, Names, Segment, SegmentsError, channel, clock};

const START: [&str; 6] = ["start", "start_s", "begin", "onset", "start_time", "tmin"];
const END: [&str; 7] = ["end", "end_s", "stop", "offset", "end_time", "tmax", "stop_s"];
const DURATION: [&str; 3] = ["duration", "duration_s", "length"];
const SPEAKER: [&str; 3] = ["speaker", "speaker_id", "speaker_label"];
const CHANNEL: [&str; 1] = ["channel"];
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
    /// The column of the channel.
    channel: Option<usize>,
    /// The rows, one a segment.
    rows: Vec<SegmentRow>,
}

/// The row of a segment.
#[derive(Debug)]
struct SegmentRow {
    /// Without its end.
    place: Range<usize>,
    /// Number of its cells.
    cells: usize,
    /// The cell of the channel, if it is empty.
    empty_channel: Option<Range<usize>>,
}

/// A row: its cells without quotes, and its place without its end.
struct Row {
    /// Its first line, from 1.
    line: usize,
    cells: Vec<String>,
    /// The place of each cell, with its quotes.
    places: Vec<Range<usize>>,
    place: Range<usize>,
}

/// Whether a line is the header of segments.
pub(crate) fn has_header(line: &str) -> bool {
    let header = rows(line, separator(line)).ok().and_then(|rows| rows.into_iter().next());
    header.is_some_and(|row| find(&row.cells, &START).is_some())
}

/// Reads the rows below the header. Unless channels are `needed`, one that is no channel is ignored.
pub(crate) fn parse(text: &str, needed: bool) -> Result<(Vec<Segment>, Layout), SegmentsError> {
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
    let (speaker, words, channel) = (column(&SPEAKER), column(&TEXT), column(&CHANNEL));
    let (mut segments, mut rows, mut decimal_comma) = (Vec::new(), Vec::new(), false);
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
        let number = channel::parse(channel.map_or("", cell), line, needed)?;
        segments.push(segment.with_text(words.map_or("", cell)).on(number));
        let place = channel.and_then(|index| row.places.get(index).cloned());
        rows.push(SegmentRow {
            empty_channel: place.filter(|_| cell(channel.unwrap_or(0)).trim().is_empty()),
            place: row.place.clone(),
            cells: row.cells.len(),
        });
    }
    let layout = Layout {
        separator,
        decimal_comma,
        header: header.place.end,
        names: header.cells,
        channel,
        rows,
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
    let (mut places, mut cell_start): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
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
                places.push(cell_start..at);
                let (cells, places) = (std::mem::take(&mut cells), std::mem::take(&mut places));
                rows.push(Row { line: row_line, cells, places, place: start..at });
                if letter == '\r' && letters.next_if(|(_, next)| *next == '\n').is_some() {
                    line += 1;
                }
                row_line = line;
                start = letters.peek().map_or(text.len(), |(at, _)| *at);
                cell_start = start;
            }
            letter if letter == separator => {
                cells.push(std::mem::take(&mut cell));
                places.push(cell_start..at);
                cell_start = at + separator.len_utf8();
            }
            letter => cell.push(letter),
        }
    }
    if let Some(at) = quoted_at {
        return Err(SegmentsError::line(line_at(text, at), "the quote is never closed"));
    }
    if start < text.len() {
        cells.push(cell);
        places.push(cell_start..text.len());
        rows.push(Row { line: row_line, cells, places, place: start..text.len() });
    }
    Ok(rows)
}

/// Adds the columns `emotion`, `emotion_confidence`, `emotion_status`, one for each probability and one for each continuous
/// target, and for channels `channel`, unless the table has it. A segment of several channels has a row for each. Columns of
/// the same names that are there already stay, and the new ones are numbered.
pub(crate) fn annotate(
    text: &str,
    layout: &Layout,
    annotations: &[Vec<Annotation>],
    names: Names<'_>,
) -> Edits {
    let new_channel = layout.channel.is_none()
        && annotations.iter().flatten().any(|annotation| annotation.channel.is_some());
    let writer = Writer { layout, names, new_channel };
    let (mut edits, end) = (Edits::default(), line_end(text));
    edits.insert(layout.header, writer.header());
    for (row, annotations) in layout.rows.iter().zip(annotations) {
        let each = annotations.iter().map(|annotation| writer.row(text, row, annotation));
        let written: Vec<String> = each.collect();
        if !written.is_empty() {
            edits.replace(row.place.clone(), written.join(end));
        }
    }
    edits
}

/// Writes the cells that are added.
struct Writer<'a> {
    layout: &'a Layout,
    names: Names<'a>,
    /// Whether a column for the channel is added.
    new_channel: bool,
}

impl Writer<'_> {
    /// The cells of the header.
    fn header(&self) -> String {
        let names = &self.layout.names;
        let mut taken: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let fixed = ["emotion", "emotion_confidence", "emotion_status"].map(str::to_owned);
        let labels = self.names.labels.iter();
        let labels = labels.map(|label| format!("emotion_p_{}", one_line(label)));
        let dimensions = self.names.dimensions.iter();
        let dimensions = dimensions.map(|name| format!("emotion_dim_{}", one_line(name)));
        let channel = self.new_channel.then(|| "channel".to_owned());
        let wanted: Vec<String> =
            channel.into_iter().chain(fixed).chain(labels).chain(dimensions).collect();
        for name in &wanted {
            taken.push(super::free_name(name, &taken));
        }
        self.cells(taken.split_off(names.len()))
    }

    /// A row with the cells of an annotation.
    fn row(&self, text: &str, row: &SegmentRow, annotation: &Annotation) -> String {
        let Layout { channel, names, .. } = self.layout;
        let number = annotation.channel.map_or(String::new(), |number| number.to_string());
        let mut edits = Edits::default();
        if let (Some(cell), Some(_)) = (&row.empty_channel, annotation.channel) {
            let start = row.place.start;
            edits.replace(cell.start - start..cell.end - start, number.clone());
        }
        let lacking = (row.cells..names.len()).map(|index| match *channel == Some(index) {
            true => number.clone(),
            false => String::new(),
        });
        let mut cells: Vec<String> = lacking.collect();
        cells.extend(self.new_channel.then_some(number));
        cells.extend(self.values(annotation));
        edits.apply(&text[row.place.clone()]) + &self.cells(cells)
    }

    fn values(&self, annotation: &Annotation) -> Vec<String> {
        let emotion = annotation.emotion();
        let number = |value: f64| {
            let number = rounded(value).to_string();
            if self.layout.decimal_comma { number.replace('.', ",") } else { number }
        };
        let status = match annotation.clipped {
            true => format!("{} clipped", annotation.outcome.status()),
            false => annotation.outcome.status().to_owned(),
        };
        let mut values = vec![
            emotion
                .map_or(String::new(), |emotion| one_line(self.names.label(emotion.label_index))),
            emotion.map_or(String::new(), |emotion| number(emotion.confidence())),
            status,
        ];
        let all = [
            (self.names.labels, emotion.map(|emotion| &emotion.probabilities)),
            (self.names.dimensions, emotion.map(|emotion| &emotion.dimensions)),
        ];
        for (names, found) in all {
            values.extend((0..names.len()).map(|index| {
                let value = found.and_then(|found| found.get(index));
                value.map_or(String::new(), |value| number(*value))
            }));
        }
        values
    }

    /// Cells, each behind a separator.
    fn cells(&self, cells: Vec<String>) -> String {
        let separator = self.layout.separator;
        cells.iter().map(|cell| format!("{separator}{}", quote(cell, separator))).collect()
    }
}

/// A cell, in quotes where it needs them.
pub(crate) fn quote(cell: &str, separator: char) -> String {
    match cell.contains([separator, '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}
