//! What is heard as lines.

use clstm::{Event, LabelledItem};
use serde::Serialize;

use crate::args::ListenFormat;
use crate::failure::Failure;
use crate::output::Output;
use crate::table::{pad, percent};
use crate::timeline::{TimelineItem, clock};

/// Writes what is heard, a line each.
pub(crate) struct Lines {
    pub(crate) format: ListenFormat,
    pub(crate) labels: Vec<String>,
    pub(crate) output: Output,
}

impl Lines {
    /// Writes an event, if the format has it.
    pub(crate) fn write(&mut self, event: Event) -> Result<(), Failure> {
        let text = match self.format {
            ListenFormat::Text => line(event, &self.labels),
            ListenFormat::Jsonl => json(event, &self.labels),
        };
        text.map_or(Ok(()), |text| self.output.write(&text))
    }
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    stretch: LabelledItem<'a>,
}

/// An event as a line of JSON; none for a kind that this release does not know.
fn json(event: Event, labels: &[String]) -> Option<String> {
    let kind = event.kind();
    let stretch = TimelineItem::from(event);
    let line = Line { kind, stretch: stretch.labelled(labels) };
    // Strings and finite numbers always serialise.
    Some(serde_json::to_string(&line).unwrap_or_default() + "\n")
}

/// Cells of a bar.
const BAR: usize = 20;

/// A moment as a line for people: its end, the label and a bar of its probability.
fn line(event: Event, labels: &[String]) -> Option<String> {
    let stretch = TimelineItem::of(event, true)?;
    let time = pad(&clock(stretch.end_s), 10, false);
    let Some(emotion) = stretch.label else { return Some(format!("{time}  (no speech)\n")) };
    let label = labels.get(emotion.label_index)?;
    let widest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let filled = (emotion.confidence * BAR as f64).round() as usize;
    let bar = "#".repeat(filled) + &".".repeat(BAR.saturating_sub(filled));
    let sure = pad(&percent(emotion.confidence), 6, false);
    Some(format!("{time}  {}  {sure}  {bar}\n", pad(label, widest, true)))
}
