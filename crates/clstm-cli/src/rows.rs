//! One row a recording: a table for people, JSON lines and CSV for programs.

use clstm::{LabelledProbabilities, Recognition};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::args::RowFormat;
use crate::columns::{
    Column, ColumnType, Value, csv_header, csv_row, last_columns, probability_columns,
};
use crate::inputs::RowError;
use crate::json;
use crate::table::{pad, percent};
use crate::text::printable;

/// What became of a recording.
#[derive(Debug)]
pub(crate) struct Answer {
    /// As shown.
    pub(crate) path: String,
    /// The answer, or why there is none.
    pub(crate) outcome: Result<Recognition, RowError>,
}

/// How answers are written.
pub(crate) struct Rows<'a> {
    format: RowFormat,
    labels: &'a [String],
    model: &'a str,
    /// Width of the column of paths.
    width: usize,
    /// The confidence below which it abstains, where it is to.
    threshold: Option<f64>,
}

/// Paths beyond this shift their row instead of all others.
const WIDEST_PATH: usize = 72;

impl<'a> Rows<'a> {
    /// For answers of a model to recordings of these paths.
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
        }
    }

    /// Marks the answers less sure than a threshold.
    pub(crate) fn abstaining(self, threshold: Option<f64>) -> Self {
        Self { threshold, ..self }
    }

    /// Whether an answer is abstained from; none where it never is, or there is none.
    pub(crate) fn abstains(&self, answer: &Answer) -> Option<bool> {
        let heard = answer.outcome.as_ref().ok()?;
        self.threshold.map(|threshold| heard.confidence < threshold)
    }

    /// What stands above the rows.
    pub(crate) fn header(&self) -> String {
        match self.format {
            RowFormat::Jsonl => String::new(),
            RowFormat::Csv => csv_header(&self.columns()),
            _ => self.table_row("path", "seconds", "emotion", "confidence", "runner-up"),
        }
    }

    /// The row of an answer, its line end included.
    pub(crate) fn row(&self, answer: &Answer) -> String {
        match self.format {
            RowFormat::Jsonl => self.json(answer),
            RowFormat::Csv => csv_row(self.cells(answer)),
            _ => self.table(answer),
        }
    }

    fn json(&self, answer: &Answer) -> String {
        let line = match &answer.outcome {
            Ok(heard) => json::to_line(&Line {
                path: &answer.path,
                id: None,
                duration_s: heard.duration_s,
                label: &heard.label,
                truth: None,
                confidence: heard.confidence,
                abstained: self.abstains(answer),
                probabilities: LabelledProbabilities(self.labels, &heard.probabilities),
                model: self.model,
            }),
            Err(error) => json::to_line(&ErrorLine { path: &answer.path, error }),
        };
        // Strings and finite numbers always serialise.
        line.unwrap_or_default()
    }

    /// The columns of CSV and Parquet.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let column = |name: &str, kind| (name.to_owned(), kind);
        let mut columns = vec![
            column("path", ColumnType::Text),
            column("duration_s", ColumnType::Number),
            column("label", ColumnType::Text),
            column("confidence", ColumnType::Number),
        ];
        columns.extend(probability_columns(self.labels));
        columns.extend(last_columns(self.threshold.is_some()));
        columns
    }

    /// The cells of an answer.
    pub(crate) fn cells(&self, answer: &Answer) -> Vec<Value> {
        let (heard, error) = (answer.outcome.as_ref().ok(), answer.outcome.as_ref().err());
        let mut cells = vec![
            Value::Text(answer.path.clone()),
            Value::number(heard.map(|heard| heard.duration_s)),
            Value::text(heard.map(|heard| heard.label.as_str())),
            Value::number(heard.map(|heard| heard.confidence)),
        ];
        let probability = |class: usize| heard.and_then(|heard| heard.probabilities.get(class));
        let classes = 0..self.labels.len();
        cells.extend(classes.map(|class| Value::number(probability(class).copied())));
        cells.push(Value::text(error.map(|error| error.kind)));
        cells.push(Value::text(error.map(|error| error.message.as_str())));
        cells.extend(self.threshold.map(|_| Value::flag(self.abstains(answer))));
        cells
    }

    fn table(&self, answer: &Answer) -> String {
        let path = printable(&answer.path);
        match &answer.outcome {
            Ok(heard) => {
                let second = self
                    .labels
                    .iter()
                    .zip(&heard.probabilities)
                    .filter(|(label, _)| **label != heard.label)
                    .max_by(|a, b| a.1.total_cmp(b.1))
                    .map_or(String::new(), |(label, &p)| {
                        format!("{} {}", printable(label), percent(p))
                    });
                let seconds = format!("{:.2}", heard.duration_s);
                let label = match self.abstains(answer) {
                    Some(true) => format!("? {}", printable(&heard.label)),
                    _ => printable(&heard.label),
                };
                self.table_row(&path, &seconds, &label, &percent(heard.confidence), &second)
            }
            Err(error) => {
                let path = pad(&path, self.width, true);
                format!("{path}  {}: {}\n", error.kind, printable(&error.message))
            }
        }
    }

    fn table_row(
        &self,
        path: &str,
        time: &str,
        label: &str,
        confidence: &str,
        second: &str,
    ) -> String {
        let mark = if self.threshold.is_some() { "? ".len() } else { 0 };
        let widest =
            self.labels.iter().map(|label| printable(label).width() + mark).max().unwrap_or(0);
        format!(
            "{}  {}  {}  {}  {second}\n",
            pad(path, self.width, true),
            pad(time, 7, false),
            pad(label, widest.max("emotion".len()), true),
            pad(confidence, "confidence".len(), false),
        )
    }
}

/// A line of JSON for an answered recording.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) path: &'a str,
    /// Name of the utterance, in an evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) duration_s: f64,
    pub(crate) label: &'a str,
    /// The label of the corpus, in an evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) truth: Option<&'a str>,
    pub(crate) confidence: f64,
    /// Whether it is too unsure an answer to rely on, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abstained: Option<bool>,
    pub(crate) probabilities: LabelledProbabilities<'a>,
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
    use clstm::Recognition;

    use super::{Answer, Rows};
    use crate::args::RowFormat;
    use crate::inputs::RowError;

    fn answers() -> [Answer; 2] {
        let heard = Recognition {
            duration_s: 1.5,
            label: "sad".to_owned(),
            label_index: 1,
            confidence: 0.75,
            probabilities: vec![0.25, 0.75],
        };
        let error = RowError { kind: "decode", message: "cut \"short\"".to_owned() };
        [
            Answer { path: "a,b.wav".to_owned(), outcome: Ok(heard) },
            Answer { path: "c.wav".to_owned(), outcome: Err(error) },
        ]
    }

    fn written(format: RowFormat) -> String {
        abstaining(format, None)
    }

    fn abstaining(format: RowFormat, threshold: Option<f64>) -> String {
        let (labels, answers) = (["happy".to_owned(), "sad".to_owned()], answers());
        let rows = Rows::new(format, &labels, "m", answers.iter().map(|a| a.path.as_str()))
            .abstaining(threshold);
        rows.header() + &answers.iter().map(|answer| rows.row(answer)).collect::<String>()
    }

    #[test]
    fn json_lines_keep_the_order_of_the_fields_and_labels() {
        let expected = concat!(
            r#"{"path":"a,b.wav","duration_s":1.5,"label":"sad","confidence":0.75,"#,
            r#""probabilities":{"happy":0.25,"sad":0.75},"model":"m"}"#,
            "\n",
            r#"{"path":"c.wav","error":{"kind":"decode","message":"cut \"short\""}}"#,
            "\n"
        );
        assert_eq!(written(RowFormat::Jsonl), expected);
    }

    #[test]
    fn csv_quotes_what_needs_it_and_keeps_its_columns() {
        let expected = "\
path,duration_s,label,confidence,p_happy,p_sad,error_kind,error_message
\"a,b.wav\",1.5,sad,0.75,0.25,0.75,,
c.wav,,,,,,decode,\"cut \"\"short\"\"\"
";
        assert_eq!(written(RowFormat::Csv), expected);
    }

    #[test]
    fn tables_line_up() {
        let expected = "\
path     seconds  emotion  confidence  runner-up
a,b.wav     1.50  sad           75.0%  happy 25.0%
c.wav    decode: cut \"short\"
";
        assert_eq!(written(RowFormat::Table), expected);
    }

    #[test]
    fn answers_less_sure_than_the_threshold_are_marked_and_stay() {
        let json = |threshold| abstaining(RowFormat::Jsonl, Some(threshold));
        let lines = json(0.8);
        assert!(
            lines.contains(r#""label":"sad","confidence":0.75,"abstained":true,"prob"#),
            "{lines}"
        );
        assert!(json(0.75).contains(r#""abstained":false"#), "as sure as the threshold is enough");
        assert_eq!(lines.matches("abstained").count(), 1, "a failure is no abstention");
        let expected = "\
path,duration_s,label,confidence,p_happy,p_sad,error_kind,error_message,abstained
\"a,b.wav\",1.5,sad,0.75,0.25,0.75,,,true
c.wav,,,,,,decode,\"cut \"\"short\"\"\",
";
        assert_eq!(abstaining(RowFormat::Csv, Some(0.8)), expected);
        let expected = "\
path     seconds  emotion  confidence  runner-up
a,b.wav     1.50  ? sad         75.0%  happy 25.0%
c.wav    decode: cut \"short\"
";
        assert_eq!(abstaining(RowFormat::Table, Some(0.8)), expected);
    }
}
