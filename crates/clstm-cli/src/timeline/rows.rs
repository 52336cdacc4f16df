//! Timelines in the requested format.

use clstm::audio::Damage;
use clstm::{DimensionInfo, LabelScore, LabelledDimensions, LabelledItem, LabelledProbabilities};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::document::{Track, Wording};
use super::{Timeline, TimelineItem, document};
use crate::args::RowFormat;
use crate::columns::{
    Column, ColumnType, Value, csv_header, csv_row, dimension_columns, dimension_values,
    last_columns, probability_columns,
};
use crate::inputs::RowError;
use crate::json;
use crate::rows::{ErrorLine, channel_value, damage_mark, with_channel};
use crate::table::{pad, percent};
use crate::text::printable;
use crate::top::{self, RankedLabel, ranked, runners_up};

/// How timelines are written.
pub(crate) struct TimelineRows<'a> {
    pub(crate) format: RowFormat,
    /// A row for each frame instead of each segment.
    pub(crate) frames: bool,
    pub(crate) labels: &'a [String],
    pub(crate) model: &'a str,
    /// The confidence threshold of `--abstain`.
    pub(crate) threshold: Option<f64>,
    /// Number of labels of `--top`.
    pub(crate) top: Option<usize>,
    /// Whether rows have a channel.
    pub(crate) channels: bool,
    /// Continuous targets of the model.
    pub(crate) dimensions: &'a [DimensionInfo],
}

/// A line of JSON for a recording.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
    duration_s: f64,
    /// Share of the recording that is speech.
    speech: f64,
    /// The most probable label over all frames with speech; null without speech.
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abstained: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<RankedLabel<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<LabelledProbabilities<'a>>,
    /// Means of the continuous targets over all frames with speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<LabelledDimensions<'a>>,
    /// What is missing of the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<&'a Damage>,
    model: &'a str,
    /// What ended the recording early.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RowError>,
    segments: Vec<ItemLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<Vec<ItemLine<'a>>>,
}

/// A segment or frame in a line of JSON.
#[derive(Serialize)]
struct ItemLine<'a> {
    #[serde(flatten)]
    item: LabelledItem<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abstained: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<RankedLabel<'a>>>,
}

impl TimelineRows<'_> {
    /// The line above the rows of all recordings.
    pub(crate) fn header(&self) -> String {
        if self.format == RowFormat::Csv { csv_header(&self.columns()) } else { String::new() }
    }

    /// The columns of CSV and Parquet.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let column = |name: &str, kind| (name.to_owned(), kind);
        let mut columns = vec![column("path", ColumnType::Text)];
        columns.extend(self.channels.then(|| column("channel", ColumnType::Number)));
        columns
            .extend([column("start_s", ColumnType::Number), column("end_s", ColumnType::Number)]);
        columns.extend(self.frames.then(|| column("speech", ColumnType::Number)));
        columns
            .extend([column("label", ColumnType::Text), column("confidence", ColumnType::Number)]);
        columns.extend(top::columns(self.top.unwrap_or(1)));
        columns.extend(probability_columns(self.labels));
        columns.extend(dimension_columns(self.dimensions));
        columns.push(column("damaged", ColumnType::Text));
        columns.extend(last_columns(self.threshold.is_some()));
        columns
    }

    /// The items that have a row.
    fn items<'t>(&self, timeline: &'t Timeline) -> &'t [TimelineItem] {
        if self.frames { &timeline.frames } else { &timeline.segments }
    }

    /// The rows of a recording, as values.
    pub(crate) fn values(&self, timeline: &Timeline) -> Vec<Vec<Value>> {
        let items = self.items(timeline).iter().map(|item| self.row(timeline, Some(item), None));
        let error = timeline.error.iter().map(|error| self.row(timeline, None, Some(error)));
        items.chain(error).collect()
    }

    /// The values of an item, or of an error.
    fn row(
        &self,
        timeline: &Timeline,
        item: Option<&TimelineItem>,
        error: Option<&RowError>,
    ) -> Vec<Value> {
        let score = item.and_then(|item| item.label.as_ref());
        let mut values = vec![Value::Text(timeline.path.clone())];
        values.extend(self.channels.then(|| channel_value(timeline.channel)));
        values.extend([
            Value::number(item.map(|item| item.start_s)),
            Value::number(item.map(|item| item.end_s)),
        ]);
        values.extend(self.frames.then(|| Value::number(item.and_then(|item| item.speech))));
        values.push(Value::text(item.and_then(|item| self.label(item))));
        values.push(Value::number(score.map(|score| score.confidence)));
        let ranked = score.map(|score| self.ranked(score, self.top.unwrap_or(1)));
        values.extend(top::values(&ranked.unwrap_or_default(), self.top.unwrap_or(1)));
        let probability = |class: usize| score.and_then(|score| score.probabilities.get(class));
        let classes = 0..self.labels.len();
        values.extend(classes.map(|class| Value::number(probability(class).copied())));
        let found = score.map_or(&[][..], |score| &score.dimensions);
        values.extend(dimension_values(self.dimensions, found));
        let damage = timeline.damage.as_ref();
        values.push(Value::text(damage.map(|damage| damage.message.as_str())));
        values.push(Value::text(error.map(|error| error.kind)));
        values.push(Value::text(error.map(|error| error.message.as_str())));
        let abstained = || Value::flag(item.and_then(|item| self.abstains(item)));
        values.extend(self.threshold.map(|_| abstained()));
        values
    }

    /// The rows of a recording, or its document; its channels one after another.
    pub(crate) fn text(&self, timelines: &[Timeline]) -> String {
        let wording =
            Wording { labels: self.labels, dimensions: self.dimensions, threshold: self.threshold };
        let each = |write: &dyn Fn(&Timeline) -> String| timelines.iter().map(write).collect();
        let tracks = timelines.iter().map(|timeline| (timeline.channel, self.items(timeline)));
        let tracks: Vec<Track<'_>> = tracks.collect();
        match self.format {
            RowFormat::Jsonl => each(&|timeline| self.json(timeline)),
            RowFormat::Csv => {
                each(&|timeline| self.values(timeline).into_iter().map(csv_row).collect())
            }
            // Written as values.
            RowFormat::Parquet => String::new(),
            RowFormat::Table => each(&|timeline| self.table(timeline)),
            RowFormat::Textgrid => document::textgrid(&tracks, wording),
            RowFormat::Srt => document::srt(&tracks, wording),
            RowFormat::Vtt => document::vtt(&tracks, wording),
        }
    }

    fn abstains(&self, item: &TimelineItem) -> Option<bool> {
        let confidence = item.label.as_ref()?.confidence;
        self.threshold.map(|threshold| confidence < threshold)
    }

    fn label(&self, item: &TimelineItem) -> Option<&str> {
        self.labels.get(item.label.as_ref()?.label_index).map(String::as_str)
    }

    /// One line for the recording.
    fn json(&self, timeline: &Timeline) -> String {
        let error = timeline.error.as_ref();
        if let (Some(error), []) = (error, &timeline.segments[..]) {
            return json::to_line(&ErrorLine { path: &timeline.path, error }).unwrap_or_default();
        }
        let segments = timeline.segments.iter().map(|item| self.item(item)).collect();
        let frames =
            self.frames.then(|| timeline.frames.iter().map(|item| self.item(item)).collect());
        let scores = timeline.scores.as_ref();
        let label = scores.and_then(|scores| self.labels.get(scores.label_index));
        let line = Line {
            path: &timeline.path,
            channel: timeline.channel,
            duration_s: timeline.duration_s,
            speech: timeline.speech,
            label: label.map(String::as_str),
            confidence: scores.map(|scores| scores.confidence),
            abstained: scores
                .and_then(|scores| self.threshold.map(|threshold| scores.confidence < threshold)),
            top: scores.zip(self.top).map(|(scores, top)| {
                ranked(self.labels, scores.label_index, &scores.probabilities, top)
            }),
            probabilities: scores
                .map(|scores| LabelledProbabilities(self.labels, &scores.probabilities)),
            dimensions: scores
                .and_then(|scores| LabelledDimensions::of(self.dimensions, &scores.dimensions)),
            damaged: timeline.damage.as_ref(),
            model: self.model,
            error,
            segments,
            frames,
        };
        // Strings and finite numbers always serialise.
        json::to_line(&line).unwrap_or_default()
    }

    fn item<'t>(&'t self, item: &'t TimelineItem) -> ItemLine<'t> {
        let top = item.label.as_ref().zip(self.top);
        let top = top.map(|(score, top)| self.ranked(score, top));
        ItemLine {
            item: item.labelled(self.labels, self.dimensions),
            abstained: self.abstains(item),
            top,
        }
    }

    fn ranked(&self, score: &LabelScore, count: usize) -> Vec<RankedLabel<'_>> {
        ranked(self.labels, score.label_index, &score.probabilities, count)
    }

    /// The path, and a line for each item beneath it.
    fn table(&self, timeline: &Timeline) -> String {
        let mut text = with_channel(&printable(&timeline.path), timeline.channel)
            + &damage_mark(timeline.damage.as_ref())
            + "\n";
        let widest =
            self.labels.iter().map(|label| printable(label).width()).max().unwrap_or(0) + 2;
        for item in self.items(timeline) {
            let times = [item.start_s, item.end_s].map(clock);
            text += &format!("  {} - {}", pad(&times[0], 10, false), pad(&times[1], 10, false));
            if let (Some(score), Some(label)) = (&item.label, self.label(item)) {
                let mark = if self.abstains(item) == Some(true) { "? " } else { "" };
                let label = pad(&format!("{mark}{}", printable(label)), widest, true);
                text += &format!("  {label}  {}", pad(&percent(score.confidence), 6, false));
                let others = runners_up(&self.ranked(score, self.top.unwrap_or(2)));
                text += &format!("  {others}");
                text.truncate(text.trim_end().len());
                for (dimension, value) in self.dimensions.iter().zip(score.dimensions.iter()) {
                    text += &format!("  {} {value:.2}", printable(&dimension.name));
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
