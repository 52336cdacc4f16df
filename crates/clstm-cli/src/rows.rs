//! One row a recording: a table for people, JSON lines and CSV for programs.

use std::num::NonZeroUsize;

use clstm::audio::Damage;
use clstm::{DimensionInfo, LabelledDimensions, LabelledProbabilities, NoPrediction, Recognition};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::args::RowFormat;
use crate::columns::{
    Column, ColumnType, Value, csv_header, csv_row, dimension_columns, dimension_values,
    last_columns, probability_columns,
};
use crate::inputs::RowError;
use crate::json;
use crate::table::{pad, percent};
use crate::text::printable;
use crate::top::{self, RankedLabel, ranked, runners_up};

/// The result for a recording.
#[derive(Debug)]
pub(crate) struct RecordingResult {
    /// As shown.
    pub(crate) path: String,
    /// Of a recording whose channels are recognised by themselves.
    pub(crate) channel: Option<usize>,
    /// The prediction, or why there is none.
    pub(crate) outcome: Result<Prediction, RowError>,
}

/// A prediction for a recording.
#[derive(Debug)]
pub(crate) struct Prediction {
    pub(crate) duration_s: f64,
    /// Share of the recording that is speech.
    pub(crate) speech: f64,
    /// The label and its probabilities; `None` without speech.
    pub(crate) scores: Option<Scores>,
    /// Why there is no label.
    pub(crate) reason: Option<NoPrediction>,
    /// What is missing of the recording.
    pub(crate) damage: Option<Damage>,
}

/// The probabilities of a recording.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) label_index: usize,
    pub(crate) confidence: f64,
    /// In the order of the labels of the rows.
    pub(crate) probabilities: Vec<f64>,
    /// Continuous targets in the order of the dimensions of the rows.
    pub(crate) dimensions: Vec<f64>,
}

impl Prediction {
    /// Of a recognition.
    pub(crate) fn of(recognition: Recognition) -> Self {
        let Recognition { duration_s, speech, prediction, reason, damage } = recognition;
        let scores = prediction.map(|p| Scores {
            label_index: p.label_index,
            confidence: p.confidence,
            probabilities: p.probabilities,
            dimensions: p.dimensions,
        });
        Self { duration_s, speech, scores, reason, damage }
    }
}

impl Scores {
    /// The most probable label of probabilities, the first of equals.
    pub(crate) fn of(probabilities: Vec<f64>, dimensions: Vec<f64>) -> Self {
        let first = |best: (usize, f64), (index, &p): (usize, &f64)| {
            if p > best.1 { (index, p) } else { best }
        };
        let (label_index, confidence) =
            probabilities.iter().enumerate().fold((0, f64::NEG_INFINITY), first);
        Self { label_index, confidence, probabilities, dimensions }
    }
}

/// How results are written.
pub(crate) struct Rows<'a> {
    format: RowFormat,
    labels: &'a [String],
    model: &'a str,
    /// Width of the column of paths.
    width: usize,
    /// The confidence threshold of `--abstain`.
    threshold: Option<f64>,
    /// Number of labels of `--top`.
    top: Option<usize>,
    /// Whether rows have a channel.
    channels: bool,
    /// Continuous targets of the model.
    dimensions: &'a [DimensionInfo],
}

/// Least width of a column of continuous values.
const NUMBER_WIDTH: usize = 5;

/// Widest column of paths; longer paths shift their own row only.
const WIDEST_PATH: usize = 72;

impl<'a> Rows<'a> {
    /// For predictions of a model for recordings of these paths.
    pub(crate) fn new<'p>(
        format: RowFormat,
        labels: &'a [String],
        model: &'a str,
        paths: impl Iterator<Item = &'p str>,
    ) -> Self {
        let width = paths.map(|path| printable(path).width()).max().unwrap_or(0);
        Self {
            format,
            labels,
            model,
            width: width.clamp("path".len(), WIDEST_PATH),
            threshold: None,
            top: None,
            channels: false,
            dimensions: &[],
        }
    }

    /// Shows the continuous targets of the model.
    pub(crate) fn with_dimensions(self, dimensions: &'a [DimensionInfo]) -> Self {
        Self { dimensions, ..self }
    }

    /// Marks predictions below a confidence threshold.
    pub(crate) fn abstaining(self, threshold: Option<f64>) -> Self {
        Self { threshold, ..self }
    }

    /// Shows this number of labels instead of two.
    pub(crate) fn with_top(self, top: Option<NonZeroUsize>) -> Self {
        Self { top: top.map(NonZeroUsize::get), ..self }
    }

    /// Shows the channel of each row.
    pub(crate) fn with_channels(self, channels: bool) -> Self {
        Self { channels, ..self }
    }

    /// Whether a prediction is below the threshold; `None` without a threshold or a prediction.
    pub(crate) fn abstains(&self, result: &RecordingResult) -> Option<bool> {
        let scores = result.outcome.as_ref().ok()?.scores.as_ref()?;
        self.threshold.map(|threshold| scores.confidence < threshold)
    }

    /// The label of a result; `None` for failures and without speech.
    pub(crate) fn predicted_label(&self, result: &RecordingResult) -> Option<&'a str> {
        self.label(result.outcome.as_ref().ok()?.scores.as_ref()?)
    }

    /// The line above the rows.
    pub(crate) fn header(&self) -> String {
        match self.format {
            RowFormat::Jsonl => String::new(),
            RowFormat::Csv => csv_header(&self.columns()),
            _ => {
                let names = self.dimensions.iter().map(|it| printable(&it.name)).collect();
                self.table_row("path", ["seconds", "emotion", "confidence"], names, "runner-up")
            }
        }
    }

    /// The row of a result, with its line end.
    pub(crate) fn row(&self, result: &RecordingResult) -> String {
        match self.format {
            RowFormat::Jsonl => self.json(result),
            RowFormat::Csv => csv_row(self.values(result)),
            _ => self.table(result),
        }
    }

    fn json(&self, result: &RecordingResult) -> String {
        let line = match &result.outcome {
            Ok(prediction) => {
                let scores = prediction.scores.as_ref();
                json::to_line(&Line {
                    path: &result.path,
                    channel: result.channel,
                    id: None,
                    duration_s: prediction.duration_s,
                    speech: Some(prediction.speech),
                    label: scores.and_then(|scores| self.label(scores)),
                    reason: prediction.reason.map(NoPrediction::kind),
                    truth: None,
                    confidence: scores.map(|scores| scores.confidence),
                    abstained: self.abstains(result),
                    top: scores.zip(self.top).map(|(scores, top)| self.ranked(scores, top)),
                    probabilities: scores
                        .map(|scores| LabelledProbabilities(self.labels, &scores.probabilities)),
                    dimensions: scores.and_then(|scores| {
                        LabelledDimensions::of(self.dimensions, &scores.dimensions)
                    }),
                    damaged: prediction.damage.as_ref(),
                    model: self.model,
                })
            }
            Err(error) => json::to_line(&ErrorLine { path: &result.path, error }),
        };
        // Strings and finite numbers always serialise.
        line.unwrap_or_default()
    }

    fn label(&self, scores: &Scores) -> Option<&'a str> {
        self.labels.get(scores.label_index).map(String::as_str)
    }

    fn ranked(&self, scores: &Scores, count: usize) -> Vec<RankedLabel<'a>> {
        ranked(self.labels, scores.label_index, &scores.probabilities, count)
    }

    /// The columns of CSV and Parquet.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let column = |name: &str, kind| (name.to_owned(), kind);
        let mut columns = vec![column("path", ColumnType::Text)];
        columns.extend(self.channels.then(|| column("channel", ColumnType::Number)));
        columns.extend([
            column("duration_s", ColumnType::Number),
            column("speech", ColumnType::Number),
            column("label", ColumnType::Text),
            column("confidence", ColumnType::Number),
        ]);
        columns.extend(top::columns(self.top.unwrap_or(1)));
        columns.extend(probability_columns(self.labels));
        columns.extend(dimension_columns(self.dimensions));
        columns.push(column("reason", ColumnType::Text));
        columns.push(column("damaged", ColumnType::Text));
        columns.extend(last_columns(self.threshold.is_some()));
        columns
    }

    /// The values of a result.
    pub(crate) fn values(&self, result: &RecordingResult) -> Vec<Value> {
        let (prediction, error) = (result.outcome.as_ref().ok(), result.outcome.as_ref().err());
        let scores = prediction.and_then(|prediction| prediction.scores.as_ref());
        let mut values = vec![Value::Text(result.path.clone())];
        values.extend(self.channels.then(|| channel_value(result.channel)));
        values.extend([
            Value::number(prediction.map(|prediction| prediction.duration_s)),
            Value::number(prediction.map(|prediction| prediction.speech)),
            Value::text(scores.and_then(|scores| self.label(scores))),
            Value::number(scores.map(|scores| scores.confidence)),
        ]);
        let ranked = scores.map(|scores| self.ranked(scores, self.top.unwrap_or(1)));
        values.extend(top::values(&ranked.unwrap_or_default(), self.top.unwrap_or(1)));
        let probability = |class: usize| scores.and_then(|scores| scores.probabilities.get(class));
        let classes = 0..self.labels.len();
        values.extend(classes.map(|class| Value::number(probability(class).copied())));
        let found = scores.map_or(&[][..], |scores| &scores.dimensions);
        values.extend(dimension_values(self.dimensions, found));
        let reason = prediction.and_then(|prediction| prediction.reason);
        values.push(Value::text(reason.map(NoPrediction::kind)));
        let damaged = prediction.and_then(|prediction| prediction.damage.as_ref());
        values.push(Value::text(damaged.map(|damage| damage.message.as_str())));
        values.push(Value::text(error.map(|error| error.kind)));
        values.push(Value::text(error.map(|error| error.message.as_str())));
        values.extend(self.threshold.map(|_| Value::flag(self.abstains(result))));
        values
    }

    fn table(&self, result: &RecordingResult) -> String {
        let path = with_channel(&printable(&result.path), result.channel);
        let prediction = match &result.outcome {
            Ok(prediction) => prediction,
            Err(error) => {
                let path = pad(&path, self.width, true);
                return format!("{path}  {}: {}\n", error.kind, printable(&error.message));
            }
        };
        let seconds = format!("{:.2}", prediction.duration_s);
        let Some(scores) = &prediction.scores else {
            let none = vec![String::new(); self.dimensions.len()];
            let reason = match prediction.reason {
                Some(NoPrediction::TooShort) => "(too short)",
                _ => "(no speech)",
            };
            let row = self.table_row(&path, [&seconds, reason, ""], none, "");
            return marked(row, prediction.damage.as_ref());
        };
        let second = runners_up(&self.ranked(scores, self.top.unwrap_or(2)));
        let mark = if self.abstains(result) == Some(true) { "? " } else { "" };
        let label = format!("{mark}{}", printable(self.label(scores).unwrap_or_default()));
        let dimensions = scores.dimensions.iter().map(|value| format!("{value:.2}")).collect();
        let confidence = percent(scores.confidence);
        let row = self.table_row(&path, [&seconds, &label, &confidence], dimensions, &second);
        marked(row, prediction.damage.as_ref())
    }

    fn table_row(
        &self,
        path: &str,
        [time, label, confidence]: [&str; 3],
        dimensions: Vec<String>,
        second: &str,
    ) -> String {
        let mark = if self.threshold.is_some() { "? ".len() } else { 0 };
        let widest = self.labels.iter().map(|label| printable(label).width() + mark).max();
        let columns = self.dimensions.iter().zip(dimensions).map(|(dimension, value)| {
            let width = printable(&dimension.name).width().max(NUMBER_WIDTH);
            format!("{}  ", pad(&value, width, false))
        });
        let row = format!(
            "{}  {}  {}  {}  {}{second}",
            pad(path, self.width, true),
            pad(time, 7, false),
            pad(label, widest.unwrap_or(0).max("emotion".len()), true),
            pad(confidence, "confidence".len(), false),
            columns.collect::<String>(),
        );
        row.trim_end().to_owned() + "\n"
    }
}

/// The mark of a damaged recording in a table: ` (damaged, 0.45 s missing)`; empty for an intact one.
pub(crate) fn damage_mark(damage: Option<&Damage>) -> String {
    match damage {
        None => String::new(),
        // Single samples are less than what is shown.
        Some(damage) if damage.missing_s < 0.005 => "  (damaged)".to_owned(),
        Some(damage) => format!("  (damaged, {:.2} s missing)", damage.missing_s),
    }
}

/// A row of a table with the mark at its end.
fn marked(row: String, damage: Option<&Damage>) -> String {
    row.trim_end_matches('\n').to_owned() + &damage_mark(damage) + "\n"
}

/// The channel of a row.
pub(crate) fn channel_value(channel: Option<usize>) -> Value {
    Value::number(channel.map(|channel| channel as f64))
}

/// A path with the number of its channel, for people.
pub(crate) fn with_channel(path: &str, channel: Option<usize>) -> String {
    match channel {
        Some(channel) => format!("{path} [channel {channel}]"),
        None => path.to_owned(),
    }
}

/// A line of JSON for a prediction.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) path: &'a str,
    /// Of a recording whose channels are recognised by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<usize>,
    /// Name of the utterance, in an evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) duration_s: f64,
    /// Share of the recording that is speech; not measured in an evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) speech: Option<f64>,
    /// Null without speech.
    pub(crate) label: Option<&'a str>,
    /// Why there is no label: `silent`, `no_speech` or `too_short`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    /// The label of the corpus, in an evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) truth: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) confidence: Option<f64>,
    /// Whether the confidence is below the threshold of `--abstain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abstained: Option<bool>,
    /// The most probable labels, with `--top`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top: Option<Vec<RankedLabel<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) probabilities: Option<LabelledProbabilities<'a>>,
    /// Continuous targets, of a model with some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dimensions: Option<LabelledDimensions<'a>>,
    /// What is missing of the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) damaged: Option<&'a Damage>,
    pub(crate) model: &'a str,
}

/// A line of JSON for a recording that failed.
#[derive(Serialize)]
pub(crate) struct ErrorLine<'a> {
    pub(crate) path: &'a str,
    pub(crate) error: &'a RowError,
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::{Prediction, RecordingResult, Rows, Scores};
    use clstm::{DimensionInfo, NoPrediction};

    use crate::args::RowFormat;
    use crate::inputs::RowError;

    fn results() -> [RecordingResult; 3] {
        let scores = Scores::of(vec![0.25, 0.75], vec![3.25, -0.5]);
        let error = RowError { kind: "decode", message: "cut \"short\"".to_owned() };
        let result = |path: &str, outcome| {
            let path = path.to_owned();
            RecordingResult { path, channel: None, outcome }
        };
        [
            result(
                "a,b.wav",
                Ok(Prediction {
                    duration_s: 1.5,
                    speech: 0.5,
                    scores: Some(scores),
                    reason: None,
                    damage: None,
                }),
            ),
            result("c.wav", Err(error)),
            result(
                "d.wav",
                Ok(Prediction {
                    duration_s: 2.0,
                    speech: 0.0,
                    scores: None,
                    reason: Some(NoPrediction::TooShort),
                    damage: None,
                }),
            ),
        ]
    }

    #[test]
    fn continuous_targets_have_a_field_and_columns_of_their_own() {
        let (labels, results) = (["happy".to_owned(), "sad".to_owned()], results());
        let dimensions = ["arousal", "the valence"].map(|name| DimensionInfo {
            name: name.to_owned(),
            min: -1.0,
            max: 5.0,
            mean: 2.0,
            std: 1.0,
        });
        let written = |format| {
            let paths = results.iter().map(|r| r.path.as_str());
            let rows = Rows::new(format, &labels, "m", paths).with_dimensions(&dimensions);
            rows.header() + &results.iter().map(|result| rows.row(result)).collect::<String>()
        };
        let json = written(RowFormat::Jsonl);
        let part = r#""sad":0.75},"dimensions":{"arousal":3.25,"the valence":-0.5},"model":"m"}"#;
        assert!(json.contains(part), "{json}");
        assert_eq!(json.matches("dimensions").count(), 1);
        let csv = written(RowFormat::Csv);
        let mut lines = csv.lines();
        assert!(
            lines.next().unwrap().contains(",p_sad,dim_arousal,dim_the valence,reason,damaged,")
        );
        assert!(lines.next().unwrap().contains(",0.25,0.75,3.25,-0.5,"), "{csv}");
        let commas = |line: &str| line.matches(',').count();
        assert_eq!(commas(csv.lines().nth(3).unwrap()), commas(csv.lines().next().unwrap()));
        let expected = "\
path     seconds  emotion  confidence  arousal  the valence  runner-up
a,b.wav     1.50  sad           75.0%     3.25        -0.50  happy 25.0%
c.wav    decode: cut \"short\"
d.wav       2.00  (too short)
";
        assert_eq!(written(RowFormat::Table), expected);
    }

    fn written(format: RowFormat) -> String {
        abstaining(format, None)
    }

    #[test]
    fn more_labels_are_listed_in_order() {
        let (labels, results) = (["happy".to_owned(), "sad".to_owned()], results());
        let written = |format, top| {
            let paths = results.iter().map(|r| r.path.as_str());
            let rows = Rows::new(format, &labels, "m", paths).with_top(NonZeroUsize::new(top));
            rows.header() + &results.iter().map(|result| rows.row(result)).collect::<String>()
        };
        let json = written(RowFormat::Jsonl, 5);
        let top =
            r#""top":[{"label":"sad","probability":0.75},{"label":"happy","probability":0.25}]"#;
        assert!(json.contains(top), "{json}");
        let csv = written(RowFormat::Csv, 2);
        let mut lines = csv.lines();
        assert!(lines.next().unwrap().contains(",confidence,label_2,confidence_2,p_happy,"));
        assert!(lines.next().unwrap().contains(",sad,0.75,happy,0.25,0.25,0.75,"), "{csv}");
        let commas = |line: &str| line.matches(',').count();
        assert_eq!(commas(csv.lines().nth(2).unwrap()), commas(csv.lines().next().unwrap()));
        assert!(!written(RowFormat::Table, 1).contains("happy 25.0%"));
    }

    fn abstaining(format: RowFormat, threshold: Option<f64>) -> String {
        let (labels, results) = (["happy".to_owned(), "sad".to_owned()], results());
        let rows = Rows::new(format, &labels, "m", results.iter().map(|r| r.path.as_str()))
            .abstaining(threshold);
        rows.header() + &results.iter().map(|result| rows.row(result)).collect::<String>()
    }

    #[test]
    fn json_lines_keep_the_order_of_the_fields_and_labels() {
        let expected = concat!(
            r#"{"path":"a,b.wav","duration_s":1.5,"speech":0.5,"label":"sad","confidence":0.75,"#,
            r#""probabilities":{"happy":0.25,"sad":0.75},"model":"m"}"#,
            "\n",
            r#"{"path":"c.wav","error":{"kind":"decode","message":"cut \"short\""}}"#,
            "\n",
            r#"{"path":"d.wav","duration_s":2.0,"speech":0.0,"label":null,"reason":"too_short","model":"m"}"#,
            "\n"
        );
        assert_eq!(written(RowFormat::Jsonl), expected);
    }

    #[test]
    fn csv_quotes_what_needs_it_and_keeps_its_columns() {
        let expected = "\
path,duration_s,speech,label,confidence,p_happy,p_sad,reason,damaged,error_kind,error_message
\"a,b.wav\",1.5,0.5,sad,0.75,0.25,0.75,,,,
c.wav,,,,,,,,,decode,\"cut \"\"short\"\"\"
d.wav,2.0,0.0,,,,,too_short,,,
";
        assert_eq!(written(RowFormat::Csv), expected);
    }

    #[test]
    fn tables_line_up() {
        let expected = "\
path     seconds  emotion  confidence  runner-up
a,b.wav     1.50  sad           75.0%  happy 25.0%
c.wav    decode: cut \"short\"
d.wav       2.00  (too short)
";
        assert_eq!(written(RowFormat::Table), expected);
    }

    #[test]
    fn predictions_below_the_threshold_are_marked_and_keep_their_label() {
        let json = |threshold| abstaining(RowFormat::Jsonl, Some(threshold));
        let lines = json(0.8);
        assert!(
            lines.contains(r#""label":"sad","confidence":0.75,"abstained":true,"prob"#),
            "{lines}"
        );
        assert!(json(0.75).contains(r#""abstained":false"#), "equal to the threshold is enough");
        assert_eq!(lines.matches("abstained").count(), 1, "neither failures nor silence abstain");
        let expected = "\
path,duration_s,speech,label,confidence,p_happy,p_sad,reason,damaged,error_kind,error_message,abstained
\"a,b.wav\",1.5,0.5,sad,0.75,0.25,0.75,,,,,true
c.wav,,,,,,,,,decode,\"cut \"\"short\"\"\",
d.wav,2.0,0.0,,,,,too_short,,,,
";
        assert_eq!(abstaining(RowFormat::Csv, Some(0.8)), expected);
        let expected = "\
path     seconds  emotion  confidence  runner-up
a,b.wav     1.50  ? sad         75.0%  happy 25.0%
c.wav    decode: cut \"short\"
d.wav       2.00  (too short)
";
        assert_eq!(abstaining(RowFormat::Table, Some(0.8)), expected);
    }
}
