//! audformat: a header `db.yaml` and a table as CSV (<https://audeering.github.io/audformat/data-header.html>).

mod header;
mod yaml;

use std::collections::BTreeMap;

use super::{Judgement, PreAnnotation};
use crate::caption::rounded;
use crate::clock;
use crate::format::csv::{quote, read_rows};
use crate::format::free_name;
use crate::{Names, SegmentsError};

pub use header::{Header, LabelColumn};

/// The header of a database with these labels, and its table `emotion` of the recordings, with a scheme and a column for each
/// continuous target.
#[must_use]
pub fn database<'a>(
    recordings: &[PreAnnotation],
    names: impl Into<Names<'a>>,
    model: &str,
) -> [(String, String); 2] {
    // JSON strings are YAML strings.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let Names { labels, dimensions } = names.into();
    let names: Vec<String> = labels.iter().map(|label| text(label)).collect();
    let mut columns = vec!["file".to_owned(), "emotion".to_owned(), "confidence".to_owned()];
    for name in dimensions {
        let name = free_name(name, &columns);
        columns.push(name);
    }
    let each = |write: &dyn Fn(&str) -> String| -> String {
        columns[3..].iter().map(|name| write(&text(name))).collect()
    };
    let schemes = each(&|name| format!("  {name}: {{dtype: float}}\n"));
    let of_schemes =
        each(&|name| format!("      {name}: {{scheme_id: {name}, rater_id: clstm}}\n"));
    let header = format!(
        "name: pre-annotations\nsource: clstm\nusage: research\nlanguages: []\nraters:\n  clstm: {{type: machine, \
         description: {}}}\nschemes:\n  emotion: {{dtype: str, labels: [{}]}}\n  confidence: {{dtype: float, minimum: 0, \
         maximum: 1}}\n{schemes}tables:\n  emotion:\n    type: filewise\n    columns:\n      emotion: {{scheme_id: emotion, \
         rater_id: clstm}}\n      confidence: {{scheme_id: confidence, rater_id: clstm}}\n{of_schemes}",
        text(model),
        names.join(", ")
    );
    let quoted: Vec<String> = columns.iter().map(|name| quote(name, ',')).collect();
    let mut table = quoted.join(",") + "\n";
    for recording in recordings {
        let emotion = recording.whole.emotion();
        let label = emotion.and_then(|emotion| labels.get(emotion.label_index));
        let mut cells = vec![
            quote(&recording.path, ','),
            label.map_or(String::new(), |label| quote(label, ',')),
            emotion.map_or(String::new(), |emotion| rounded(emotion.confidence()).to_string()),
        ];
        cells.extend((0..dimensions.len()).map(|index| {
            let value = emotion.and_then(|emotion| emotion.dimensions.get(index));
            value.map_or(String::new(), |value| rounded(*value).to_string())
        }));
        table += &(cells.join(",") + "\n");
    }
    [("db.yaml".to_owned(), header), ("db.emotion.csv".to_owned(), table)]
}

/// A table: columns and rows with their lines.
struct Table {
    columns: Vec<String>,
    rows: Vec<(usize, Vec<String>)>,
}

impl Table {
    fn parse(text: &str) -> Result<Self, SegmentsError> {
        let mut rows = read_rows(text.trim_start_matches('\u{feff}'))?.into_iter();
        let Some((_, columns)) = rows.next() else {
            return Err(SegmentsError::structure("the table is empty"));
        };
        Ok(Self { columns, rows: rows.collect() })
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    fn file(&self) -> Result<usize, SegmentsError> {
        let missing = "the table has no column \"file\", as those of audformat";
        self.find("file").ok_or_else(|| SegmentsError::structure(missing))
    }
}

/// The judgements of a table without a header: `file`, perhaps `start` and `end`, `speaker`, and a column for each rater.
/// Columns whose names begin with `column`, such as `emotion`, `emotion.1` and `emotion.anna`, are raters' labels.
///
/// # Errors
/// [`SegmentsError`] if the text is no such table.
pub fn judgements(text: &str, column: &str) -> Result<Vec<Judgement>, SegmentsError> {
    let table = Table::parse(text)?;
    let raters = table.columns.iter().filter_map(|name| {
        let rest = name.strip_prefix(column)?;
        let plain = rest.is_empty() || rest.starts_with(['.', '_', '-']);
        let rater = rest.trim_start_matches(['.', '_', '-']).to_owned();
        let of_labels = plain && rater != "confidence";
        of_labels.then(|| LabelColumn { name: name.clone(), rater, machine: false })
    });
    let raters: Vec<LabelColumn> = raters.collect();
    if raters.is_empty() {
        table.file()?;
        let columns = table.columns.join(", ");
        let reason = format!("the table has no column {column:?}; its columns are {columns}");
        return Err(SegmentsError::structure(reason));
    }
    read(&table, &raters)
}

/// The judgements of a table in these columns, which its header describes.
///
/// # Errors
/// [`SegmentsError`] if the text is no table, or lacks a column.
pub fn judgements_of(text: &str, columns: &[LabelColumn]) -> Result<Vec<Judgement>, SegmentsError> {
    read(&Table::parse(text)?, columns)
}

/// The speaker of each recording by a table that has a column `speaker`; none by another one.
///
/// # Errors
/// [`SegmentsError`] if the text is no table.
pub fn speakers(text: &str) -> Result<BTreeMap<String, String>, SegmentsError> {
    let table = Table::parse(text)?;
    let Some((file, speaker)) = table.find("file").zip(table.find("speaker")) else {
        return Ok(BTreeMap::new());
    };
    let pair =
        |(_, row): &(usize, Vec<String>)| Some((row.get(file)?.clone(), row.get(speaker)?.clone()));
    Ok(table.rows.iter().filter_map(pair).filter(|(_, speaker)| !speaker.is_empty()).collect())
}

fn read(table: &Table, raters: &[LabelColumn]) -> Result<Vec<Judgement>, SegmentsError> {
    let file = table.file()?;
    let mut places = Vec::new();
    for column in raters {
        let missing =
            || SegmentsError::structure(format!("the table has no column {:?}", column.name));
        places.push((table.find(&column.name).ok_or_else(missing)?, column));
    }
    let (times, speaker) = (table.find("start").zip(table.find("end")), table.find("speaker"));
    let mut all = Vec::new();
    for (line, row) in &table.rows {
        let cell = |index: usize| row.get(index).map_or("", |cell| cell.trim());
        let span = match times {
            Some((start, end)) => span(cell(start), cell(end), *line)?,
            None => None,
        };
        for (index, column) in places.iter().filter(|(index, _)| !cell(*index).is_empty()) {
            let speaker = speaker.map(cell).filter(|name| !name.is_empty()).map(str::to_owned);
            all.push(Judgement {
                path: cell(file).to_owned(),
                span,
                rater: column.rater.clone(),
                speaker,
                label: cell(*index).to_owned(),
            });
        }
    }
    Ok(all)
}

/// Start and end of a row; none for the whole recording, whose end is open (`NaT`).
fn span(start: &str, end: &str, line: usize) -> Result<Option<[f64; 2]>, SegmentsError> {
    if !end.is_empty() && end != "NaT" {
        return Ok(Some([time(start, line)?, time(end, line)?]));
    }
    match start.is_empty() || time(start, line)? == 0.0 {
        true => Ok(None),
        false => Err(SegmentsError::line(line, "the part has a start and no end; give it one")),
    }
}

/// A time as pandas writes it: `0 days 00:00:01.500000`, or a number of seconds.
fn time(text: &str, line: usize) -> Result<f64, SegmentsError> {
    let wrong =
        || SegmentsError::line(line, format!("{text:?} is not a time such as 0 days 00:00:01.5"));
    if let Some(seconds) = clock::number(text) {
        return Ok(seconds);
    }
    let (days, rest) = match text.split_once(" days ") {
        Some((days, rest)) => (days.parse::<f64>().map_err(|_| wrong())?, rest),
        None => (0.0, text),
    };
    Ok(86_400.0 * days + clock::parse(rest).map_err(|_| wrong())?)
}
