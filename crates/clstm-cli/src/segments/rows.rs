//! Segments as rows: a table, JSON lines, CSV and Parquet.

use clstm::LabelledProbabilities;
use clstm_segments::{Annotation, Emotion, Segment, SpeakerSummary, summarize};
use serde::{Serialize, Serializer};

use super::{SegmentResults, summary_table};
use crate::args::RowFormat;
use crate::columns::{Column, ColumnType, Value, csv_header, csv_row, probability_columns};
use crate::json;
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
}

/// A line of JSON for a recording.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    duration_s: f64,
    segments: Vec<SegmentLine<'a>>,
    speakers: Vec<SpeakerLine<'a>>,
    model: &'a str,
}

/// A segment in a line of JSON.
#[derive(Serialize)]
struct SegmentLine<'a> {
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
}

/// A speaker in a line of JSON.
#[derive(Serialize)]
struct SpeakerLine<'a> {
    speaker: Option<String>,
    segments: usize,
    labelled: usize,
    labelled_s: f64,
    confidence: Option<f64>,
    /// Share of the time with a prediction, by label.
    time: Shares<'a>,
}

/// Labels and their shares: an object in the order of the labels.
struct Shares<'a>(&'a [String], Vec<f64>);

impl Serialize for Shares<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        LabelledProbabilities(self.0, &self.1).serialize(serializer)
    }
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
        let mut columns = vec![
            column("path", ColumnType::Text),
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
        ];
        columns.extend(top::columns(self.top.unwrap_or(1)));
        columns.extend(probability_columns(self.labels));
        columns.extend(self.threshold.map(|_| column("abstained", ColumnType::Flag)));
        columns
    }

    /// The rows as values.
    pub(crate) fn values(&self, results: &SegmentResults<'_>) -> Vec<Vec<Value>> {
        let all = results.segments.iter().zip(results.annotations).zip(&results.speech);
        let row = |((segment, annotation), speech): ((&Segment, &Annotation), &f64)| {
            let emotion = annotation.emotion();
            let mut values = vec![
                Value::Text(results.path.to_owned()),
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
            ];
            let count = self.top.unwrap_or(1);
            let ranked = emotion.map(|emotion| self.ranked(emotion, count));
            values.extend(top::values(&ranked.unwrap_or_default(), count));
            let p = |class| emotion.and_then(|emotion| emotion.probabilities.get(class).copied());
            values.extend((0..self.labels.len()).map(|class| Value::number(p(class))));
            let unsure = emotion.map(|emotion| emotion.unsure);
            values.extend(self.threshold.map(|_| Value::flag(unsure)));
            values
        };
        all.map(row).collect()
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
        let all = results.segments.iter().zip(results.annotations).zip(&results.speech);
        let segments = all.map(|((segment, annotation), speech)| {
            let emotion = annotation.emotion();
            SegmentLine {
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
            }
        });
        let speakers = summarize(results.segments, results.annotations, self.labels.len());
        let speakers = speakers.into_iter().map(|summary| {
            let SpeakerSummary { speaker, segments, labelled, labelled_s, time, confidence } =
                summary;
            let time = Shares(self.labels, time);
            SpeakerLine { speaker, segments, labelled, labelled_s, confidence, time }
        });
        let line = Line {
            path: results.path,
            duration_s: results.duration_s,
            segments: segments.collect(),
            speakers: speakers.collect(),
            model: self.model,
        };
        // Strings and finite numbers always serialise.
        json::to_line(&line).unwrap_or_default()
    }

    /// The path, a line for each segment, and the summary.
    fn table(&self, results: &SegmentResults<'_>) -> String {
        let mut text = printable(results.path) + "\n";
        let speaker = |segment: &Segment| printable(segment.speaker.as_deref().unwrap_or("-"));
        let widest = results.segments.iter().map(|segment| speaker(segment).len()).max();
        let label = self.labels.iter().map(|label| printable(label).len() + 2).max().unwrap_or(0);
        for (segment, annotation) in results.segments.iter().zip(results.annotations) {
            let times = [segment.start_s, segment.end_s].map(clock);
            text += &format!(
                "  {} - {}  {}  ",
                pad(&times[0], 10, false),
                pad(&times[1], 10, false),
                pad(&speaker(segment), widest.unwrap_or(0), true)
            );
            text += &match annotation.emotion() {
                None => format!("({})", annotation.outcome.status().replace('_', " ")),
                Some(emotion) => {
                    let mark = if emotion.unsure { "? " } else { "" };
                    let name = printable(self.label(emotion).unwrap_or_default());
                    format!(
                        "{}  {}  {}",
                        pad(&format!("{mark}{name}"), label, true),
                        pad(&percent(emotion.confidence()), 6, false),
                        runners_up(&self.ranked(emotion, self.top.unwrap_or(2)))
                    )
                }
            };
            if annotation.clipped {
                text += "  (clipped)";
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        let summaries = summarize(results.segments, results.annotations, self.labels.len());
        text + "\n" + &summary_table(&summaries, self.labels)
    }
}
