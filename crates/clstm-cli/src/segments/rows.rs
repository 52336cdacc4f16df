//! Segments as rows: a table, JSON lines, CSV and Parquet.

use clstm::audio::Damage;
use clstm::{DimensionInfo, LabelledDimensions, LabelledProbabilities};
use clstm_segments::{Emotion, SpeakerSummary};
use serde::Serialize;

use super::{SegmentResult, SegmentResults, summary_table};
use crate::args::RowFormat;
use crate::columns::{
    Column, ColumnType, Value, csv_header, csv_row, dimension_columns, dimension_values,
    probability_columns,
};
use crate::json;
use crate::rows::{channel_value, damage_mark};
use crate::table::{pad, percent};
use crate::text::printable;
use crate::timeline::clock;
use crate::top::{self, RankedLabel, ranked, runners_up};

/// How segments are written.
pub(crate) struct SegmentRows<'a> {
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
    duration_s: f64,
    segments: Vec<SegmentLine<'a>>,
    speakers: Vec<SpeakerLine<'a>>,
    /// What is missing of the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<&'a Damage>,
    model: &'a str,
}

/// A segment in a line of JSON.
#[derive(Serialize)]
struct SegmentLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
    start_s: f64,
    end_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// `ok`, `no_speech`, `too_short` or `outside`.
    status: &'static str,
    /// `true` for a segment that ends after the recording, else absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    clipped: bool,
    /// Seconds of audio around the segment that its prediction used; absent without.
    #[serde(skip_serializing_if = "is_zero")]
    context_s: f64,
    speech: f64,
    /// Null without a prediction.
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abstained: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<RankedLabel<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<LabelledProbabilities<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<LabelledDimensions<'a>>,
}

/// A speaker in a line of JSON.
#[derive(Serialize)]
struct SpeakerLine<'a> {
    speaker: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
    segments: usize,
    labelled: usize,
    labelled_s: f64,
    confidence: Option<f64>,
    /// Share of the time with a prediction, by label.
    time: LabelledProbabilities<'a>,
    /// Means of the continuous targets, weighted by duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<LabelledDimensions<'a>>,
}

fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}

impl<'a> SegmentRows<'a> {
    /// The line above the rows.
    pub(crate) fn header(&self, format: RowFormat) -> String {
        if format == RowFormat::Csv { csv_header(&self.columns()) } else { String::new() }
    }

    /// The columns of CSV and Parquet.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let column = |name: &str, kind| (name.to_owned(), kind);
        let mut columns = vec![column("path", ColumnType::Text)];
        columns.extend(self.channels.then(|| column("channel", ColumnType::Number)));
        columns.extend([
            column("start_s", ColumnType::Number),
            column("end_s", ColumnType::Number),
            column("speaker", ColumnType::Text),
            column("text", ColumnType::Text),
            column("status", ColumnType::Text),
            column("clipped", ColumnType::Flag),
            column("context_s", ColumnType::Number),
            column("speech", ColumnType::Number),
            column("label", ColumnType::Text),
            column("confidence", ColumnType::Number),
        ]);
        columns.extend(top::columns(self.top.unwrap_or(1)));
        columns.extend(probability_columns(self.labels));
        columns.extend(dimension_columns(self.dimensions));
        columns.push(column("damaged", ColumnType::Text));
        columns.extend(self.threshold.map(|_| column("abstained", ColumnType::Flag)));
        columns
    }

    /// The rows as values.
    pub(crate) fn values(&self, results: &SegmentResults<'_>) -> Vec<Vec<Value>> {
        let row = |SegmentResult { segment, annotation, speech }: &SegmentResult<'_>| {
            let emotion = annotation.emotion();
            let mut values = vec![Value::Text(results.path.to_owned())];
            values.extend(self.channels.then(|| channel_value(annotation.channel)));
            values.extend([
                Value::Number(segment.start_s),
                Value::Number(segment.end_s),
                Value::text(segment.speaker.as_deref()),
                Value::text(segment.text.as_deref()),
                Value::Text(annotation.outcome.status().to_owned()),
                Value::Flag(annotation.clipped),
                Value::Number(annotation.context_s),
                Value::Number(*speech),
                Value::text(emotion.and_then(|emotion| self.label(emotion))),
                Value::number(emotion.map(Emotion::confidence)),
            ]);
            let count = self.top.unwrap_or(1);
            let ranked = emotion.map(|emotion| self.ranked(emotion, count));
            values.extend(top::values(&ranked.unwrap_or_default(), count));
            let p = |class| emotion.and_then(|emotion| emotion.probabilities.get(class).copied());
            values.extend((0..self.labels.len()).map(|class| Value::number(p(class))));
            let found = emotion.map_or(&[][..], |emotion| &emotion.dimensions);
            values.extend(dimension_values(self.dimensions, found));
            values.push(Value::text(results.damage.map(|damage| damage.message.as_str())));
            let unsure = emotion.map(|emotion| emotion.unsure);
            values.extend(self.threshold.map(|_| Value::flag(unsure)));
            values
        };
        results.results.iter().map(row).collect()
    }

    /// The rows as text.
    pub(crate) fn text(&self, format: RowFormat, results: &SegmentResults<'_>) -> String {
        match format {
            RowFormat::Jsonl => self.json(results),
            RowFormat::Csv => self.values(results).into_iter().map(csv_row).collect(),
            _ => self.table(results),
        }
    }

    fn label(&self, emotion: &Emotion) -> Option<&'a str> {
        self.labels.get(emotion.label_index).map(String::as_str)
    }

    fn ranked(&self, emotion: &Emotion, count: usize) -> Vec<RankedLabel<'a>> {
        ranked(self.labels, emotion.label_index, &emotion.probabilities, count)
    }

    fn json(&self, results: &SegmentResults<'_>) -> String {
        let each = results.results.iter();
        let segments = each.map(|SegmentResult { segment, annotation, speech }| {
            let emotion = annotation.emotion();
            SegmentLine {
                channel: annotation.channel,
                start_s: segment.start_s,
                end_s: segment.end_s,
                speaker: segment.speaker.as_deref(),
                text: segment.text.as_deref(),
                status: annotation.outcome.status(),
                clipped: annotation.clipped,
                context_s: annotation.context_s,
                speech: *speech,
                label: emotion.and_then(|emotion| self.label(emotion)),
                confidence: emotion.map(Emotion::confidence),
                abstained: self.threshold.and(emotion.map(|emotion| emotion.unsure)),
                top: emotion.zip(self.top).map(|(emotion, top)| self.ranked(emotion, top)),
                probabilities: emotion
                    .map(|emotion| LabelledProbabilities(self.labels, &emotion.probabilities)),
                dimensions: emotion.and_then(|emotion| {
                    LabelledDimensions::of(self.dimensions, &emotion.dimensions)
                }),
            }
        });
        let summaries = results.speakers(self.labels.len());
        let speakers = summaries.iter().map(|summary: &SpeakerSummary| SpeakerLine {
            speaker: summary.speaker.as_deref(),
            channel: summary.channel,
            segments: summary.segments,
            labelled: summary.labelled,
            labelled_s: summary.labelled_s,
            confidence: summary.confidence,
            time: LabelledProbabilities(self.labels, &summary.time),
            dimensions: LabelledDimensions::of(self.dimensions, &summary.dimensions),
        });
        let line = Line {
            path: results.path,
            duration_s: results.duration_s,
            segments: segments.collect(),
            speakers: speakers.collect(),
            damaged: results.damage,
            model: self.model,
        };
        // Strings and finite numbers always serialise.
        json::to_line(&line).unwrap_or_default()
    }

    /// The path, a line for each segment, and the summary.
    fn table(&self, results: &SegmentResults<'_>) -> String {
        let mut text = printable(results.path) + &damage_mark(results.damage) + "\n";
        let speaker = |SegmentResult { segment, annotation, .. }: &SegmentResult<'_>| {
            let name = printable(segment.speaker.as_deref().unwrap_or("-"));
            annotation.channel.map_or(name.clone(), |channel| format!("{name}, channel {channel}"))
        };
        let widest = results.results.iter().map(|result| speaker(result).len()).max();
        let label = self.labels.iter().map(|label| printable(label).len() + 2).max().unwrap_or(0);
        for result in &results.results {
            let SegmentResult { segment, annotation, .. } = result;
            let times = [segment.start_s, segment.end_s].map(clock);
            text += &format!(
                "  {} - {}  {}  ",
                pad(&times[0], 10, false),
                pad(&times[1], 10, false),
                pad(&speaker(result), widest.unwrap_or(0), true)
            );
            text += &match annotation.emotion() {
                None => format!("({})", annotation.outcome.status().replace('_', " ")),
                Some(emotion) => {
                    let values = self.dimensions.iter().zip(&emotion.dimensions);
                    let values: String = values
                        .map(|(it, value)| format!("  {} {value:.2}", printable(&it.name)))
                        .collect();
                    let mark = if emotion.unsure { "? " } else { "" };
                    let name = printable(self.label(emotion).unwrap_or_default());
                    format!(
                        "{}  {}  {}{values}",
                        pad(&format!("{mark}{name}"), label, true),
                        pad(&percent(emotion.confidence()), 6, false),
                        runners_up(&self.ranked(emotion, self.top.unwrap_or(2))).trim_end()
                    )
                }
            };
            if annotation.clipped {
                text += "  (clipped)";
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        let summaries = results.speakers(self.labels.len());
        text + "\n" + &summary_table(&summaries, self.labels, self.dimensions)
    }
}
