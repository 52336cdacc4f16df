//! Timelines in the format asked for.

use clstm::LabelledItem;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::{Timeline, TimelineItem, document};
use crate::args::RowFormat;
use crate::columns::{
    Column, ColumnType, Value, csv_header, csv_row, last_columns, probability_columns,
};
use crate::inputs::RowError;
use crate::json;
use crate::rows::ErrorLine;
use crate::table::{pad, percent};
use crate::text::printable;

/// How timelines are written.
pub(crate) struct TimelineRows<'a> {
    pub(crate) format: RowFormat,
    /// A row for each moment instead of each section.
    pub(crate) frames: bool,
    pub(crate) labels: &'a [String],
    pub(crate) model: &'a str,
    /// The confidence below which it abstains, where it is to.
    pub(crate) threshold: Option<f64>,
}

/// A line of JSON for a stretch.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    #[serde(flatten)]
    stretch: LabelledItem<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abstained: Option<bool>,
    model: &'a str,
}

impl TimelineRows<'_> {
    /// What stands above the rows of all recordings.
    pub(crate) fn header(&self) -> String {
        if self.format == RowFormat::Csv { csv_header(&self.columns()) } else { String::new() }
    }

    /// The columns of CSV and Parquet.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let column = |name: &str, kind| (name.to_owned(), kind);
        let mut columns = vec![
            column("path", ColumnType::Text),
            column("start_s", ColumnType::Number),
            column("end_s", ColumnType::Number),
        ];
        columns.extend(self.frames.then(|| column("speech", ColumnType::Number)));
        columns
            .extend([column("label", ColumnType::Text), column("confidence", ColumnType::Number)]);
        columns.extend(probability_columns(self.labels));
        columns.extend(last_columns(self.threshold.is_some()));
        columns
    }

    /// The rows of a recording, as cells.
    pub(crate) fn cells(&self, timeline: &Timeline) -> Vec<Vec<Value>> {
        let path = timeline.path.as_str();
        let stretches = timeline.stretches.iter().map(|s| self.row(path, Some(s), None));
        stretches.chain(timeline.error.iter().map(|e| self.row(path, None, Some(e)))).collect()
    }

    /// A stretch, or an error.
    fn row(
        &self,
        path: &str,
        stretch: Option<&TimelineItem>,
        error: Option<&RowError>,
    ) -> Vec<Value> {
        let emotion = stretch.and_then(|stretch| stretch.label.as_ref());
        let mut cells = vec![
            Value::Text(path.to_owned()),
            Value::number(stretch.map(|stretch| stretch.start_s)),
            Value::number(stretch.map(|stretch| stretch.end_s)),
        ];
        cells.extend(self.frames.then(|| Value::number(stretch.and_then(|s| s.speech))));
        cells.push(Value::text(stretch.and_then(|stretch| self.label(stretch))));
        cells.push(Value::number(emotion.map(|emotion| emotion.confidence)));
        let probability = |class: usize| emotion.and_then(|e| e.probabilities.get(class));
        let classes = 0..self.labels.len();
        cells.extend(classes.map(|class| Value::number(probability(class).copied())));
        cells.push(Value::text(error.map(|error| error.kind)));
        cells.push(Value::text(error.map(|error| error.message.as_str())));
        let abstained = || Value::flag(stretch.and_then(|stretch| self.abstains(stretch)));
        cells.extend(self.threshold.map(|_| abstained()));
        cells
    }

    /// All that is said of a recording.
    pub(crate) fn text(&self, timeline: &Timeline) -> String {
        let stretches = || timeline.stretches.iter();
        let (labels, threshold) = (self.labels, self.threshold);
        match self.format {
            RowFormat::Jsonl => {
                let lines: String = stretches().map(|s| self.json(&timeline.path, s)).collect();
                let error = timeline.error.as_ref().map(|error| {
                    let line = ErrorLine { path: &timeline.path, error };
                    json::to_line(&line).unwrap_or_default()
                });
                lines + &error.unwrap_or_default()
            }
            RowFormat::Csv => self.cells(timeline).into_iter().map(csv_row).collect(),
            // Written as cells.
            RowFormat::Parquet => String::new(),
            RowFormat::Table => self.table(timeline),
            RowFormat::Textgrid => document::textgrid(timeline, labels, threshold),
            RowFormat::Srt => document::srt(timeline, labels, threshold),
            RowFormat::Vtt => document::vtt(timeline, labels, threshold),
        }
    }

    fn abstains(&self, stretch: &TimelineItem) -> Option<bool> {
        let confidence = stretch.label.as_ref()?.confidence;
        self.threshold.map(|threshold| confidence < threshold)
    }

    fn label(&self, stretch: &TimelineItem) -> Option<&str> {
        self.labels.get(stretch.label.as_ref()?.label_index).map(String::as_str)
    }

    fn json(&self, path: &str, stretch: &TimelineItem) -> String {
        let line = Line {
            path,
            stretch: stretch.labelled(self.labels),
            abstained: self.abstains(stretch),
            model: self.model,
        };
        // Strings and finite numbers always serialise.
        json::to_line(&line).unwrap_or_default()
    }

    /// The path, and a line for each stretch beneath it.
    fn table(&self, timeline: &Timeline) -> String {
        let mut text = printable(&timeline.path) + "\n";
        let widest =
            self.labels.iter().map(|label| printable(label).width()).max().unwrap_or(0) + 2;
        for stretch in &timeline.stretches {
            let times = [stretch.start_s, stretch.end_s].map(clock);
            text += &format!("  {} - {}", pad(&times[0], 10, false), pad(&times[1], 10, false));
            if let (Some(emotion), Some(label)) = (&stretch.label, self.label(stretch)) {
                let mark = if self.abstains(stretch) == Some(true) { "? " } else { "" };
                let label = pad(&format!("{mark}{}", printable(label)), widest, true);
                text += &format!("  {label}  {}", pad(&percent(emotion.confidence), 6, false));
                let others = self.labels.iter().zip(&emotion.probabilities).enumerate();
                let second = others
                    .filter(|(k, _)| *k != emotion.label_index)
                    .max_by(|a, b| a.1.1.total_cmp(b.1.1));
                if let Some((_, (label, p))) = second {
                    text += &format!("  {} {}", printable(label), percent(*p));
                }
            } else {
                text += "  (no speech)";
            }
            text += "\n";
        }
        if let Some(error) = &timeline.error {
            text += &format!("  {}: {}\n", error.kind, printable(&error.message));
        }
        text
    }
}

/// Minutes and seconds, and hours where there are any.
pub(crate) fn clock(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u64;
    let (h, m, s) = (tenths / 36_000, tenths / 600 % 60, tenths / 10 % 60);
    let hours = if h > 0 { format!("{h}:{m:02}") } else { m.to_string() };
    format!("{hours}:{s:02}.{}", tenths % 10)
}
