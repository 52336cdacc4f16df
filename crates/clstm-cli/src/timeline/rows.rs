//! Timelines in the format asked for.

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::{Stretch, Timeline, document};
use crate::args::RowFormat;
use crate::rows::{ErrorLine, Probabilities, csv_row, number};
use crate::table::{pad, percent, printable};

/// How timelines are written.
pub(crate) struct TimelineRows<'a> {
    pub(crate) format: RowFormat,
    /// A row for each moment instead of each section.
    pub(crate) moments: bool,
    pub(crate) labels: &'a [String],
    pub(crate) model: &'a str,
    /// The confidence below which it abstains, where it is to.
    pub(crate) threshold: Option<f64>,
}

/// A line of JSON for a stretch.
#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    start_s: f64,
    end_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    speech: Option<f64>,
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abstained: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<Probabilities<'a>>,
    model: &'a str,
}

impl TimelineRows<'_> {
    /// What stands above the rows of all recordings.
    pub(crate) fn header(&self) -> String {
        if self.format != RowFormat::Csv {
            return String::new();
        }
        let mut cells = vec!["path", "start_s", "end_s"];
        cells.extend(self.moments.then_some("speech"));
        cells.extend(["label", "confidence"]);
        let labels = self.labels.iter().map(|label| format!("p_{label}"));
        let mut last = vec!["error_kind", "error_message"];
        last.extend(self.threshold.map(|_| "abstained"));
        csv_row(owned(cells).chain(labels).chain(owned(last)))
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
                    serde_json::to_string(&line).unwrap_or_default() + "\n"
                });
                lines + &error.unwrap_or_default()
            }
            RowFormat::Csv => {
                let lines: String = stretches().map(|s| self.csv(&timeline.path, s)).collect();
                lines + &self.csv_error(timeline).unwrap_or_default()
            }
            RowFormat::Table => self.table(timeline),
            RowFormat::Textgrid => document::textgrid(timeline, labels, threshold),
            RowFormat::Srt => document::srt(timeline, labels, threshold),
            RowFormat::Vtt => document::vtt(timeline, labels, threshold),
        }
    }

    fn abstains(&self, stretch: &Stretch) -> Option<bool> {
        let confidence = stretch.emotion.as_ref()?.confidence;
        self.threshold.map(|threshold| confidence < threshold)
    }

    fn label(&self, stretch: &Stretch) -> Option<&str> {
        self.labels.get(stretch.emotion.as_ref()?.label_index).map(String::as_str)
    }

    fn json(&self, path: &str, stretch: &Stretch) -> String {
        let emotion = stretch.emotion.as_ref();
        let line = Line {
            path,
            start_s: stretch.start_s,
            end_s: stretch.end_s,
            speech: stretch.speech,
            label: self.label(stretch),
            confidence: emotion.map(|e| e.confidence),
            abstained: self.abstains(stretch),
            probabilities: emotion.map(|e| Probabilities(self.labels, &e.probabilities)),
            model: self.model,
        };
        // Strings and finite numbers always serialise.
        serde_json::to_string(&line).unwrap_or_default() + "\n"
    }

    fn csv(&self, path: &str, stretch: &Stretch) -> String {
        let emotion = stretch.emotion.as_ref();
        let mut cells = vec![path.to_owned(), number(stretch.start_s), number(stretch.end_s)];
        cells.extend(stretch.speech.map(number));
        cells.push(self.label(stretch).unwrap_or_default().to_owned());
        cells.push(emotion.map_or(String::new(), |e| number(e.confidence)));
        match emotion {
            Some(emotion) => cells.extend(emotion.probabilities.iter().map(|&p| number(p))),
            None => cells.extend(self.labels.iter().map(|_| String::new())),
        }
        cells.extend([String::new(), String::new()]);
        if self.threshold.is_some() {
            cells.push(self.abstains(stretch).map_or(String::new(), |yes| yes.to_string()));
        }
        csv_row(cells)
    }

    fn csv_error(&self, timeline: &Timeline) -> Option<String> {
        let error = timeline.error.as_ref()?;
        let mut cells = vec![timeline.path.clone()];
        cells.resize(5 + usize::from(self.moments) + self.labels.len(), String::new());
        cells.extend([error.kind.to_owned(), error.message.clone()]);
        cells.extend(self.threshold.map(|_| String::new()));
        Some(csv_row(cells))
    }

    /// The path, and a line for each stretch beneath it.
    fn table(&self, timeline: &Timeline) -> String {
        let mut text = printable(&timeline.path) + "\n";
        let widest = self.labels.iter().map(|label| label.width()).max().unwrap_or(0) + 2;
        for stretch in &timeline.stretches {
            let times = [stretch.start_s, stretch.end_s].map(clock);
            text += &format!("  {} - {}", pad(&times[0], 10, false), pad(&times[1], 10, false));
            if let (Some(emotion), Some(label)) = (&stretch.emotion, self.label(stretch)) {
                let mark = if self.abstains(stretch) == Some(true) { "? " } else { "" };
                let label = pad(&format!("{mark}{label}"), widest, true);
                text += &format!("  {label}  {}", pad(&percent(emotion.confidence), 6, false));
                let others = self.labels.iter().zip(&emotion.probabilities).enumerate();
                let second = others
                    .filter(|(k, _)| *k != emotion.label_index)
                    .max_by(|a, b| a.1.1.total_cmp(b.1.1));
                if let Some((_, (label, p))) = second {
                    text += &format!("  {label} {}", percent(*p));
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

fn owned<'a>(cells: Vec<&'a str>) -> impl Iterator<Item = String> + 'a {
    cells.into_iter().map(str::to_owned)
}

/// Minutes and seconds, and hours where there are any.
pub(crate) fn clock(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u64;
    let (h, m, s) = (tenths / 36_000, tenths / 600 % 60, tenths / 10 % 60);
    let hours = if h > 0 { format!("{h}:{m:02}") } else { m.to_string() };
    format!("{hours}:{s:02}.{}", tenths % 10)
}
