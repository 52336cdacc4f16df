//! Events as lines of text or JSON.

use clstm::audio::Damage;
use clstm::{ChannelEvent, DimensionInfo, Event, LabelledItem};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::args::ListenFormat;
use crate::error::CliError;
use crate::json;
use crate::output::Output;
use crate::table::{pad, percent};
use crate::text::printable;
use crate::timeline::{TimelineItem, clock};

/// Writes events, one line each.
pub(crate) struct Lines {
    pub(crate) format: ListenFormat,
    pub(crate) labels: Vec<String>,
    pub(crate) dimensions: Vec<DimensionInfo>,
    /// Whether lines have a channel.
    pub(crate) channels: bool,
    pub(crate) output: Output,
}

impl Lines {
    /// Writes an event if the format has a line for it.
    pub(crate) fn write(&mut self, event: ChannelEvent) -> Result<(), CliError> {
        let ChannelEvent { channel, event } = event;
        let channel = self.channels.then_some(channel);
        let text = match self.format {
            ListenFormat::Text => line(channel, event, &self.labels, &self.dimensions),
            ListenFormat::Jsonl => Some(json(channel, event, &self.labels, &self.dimensions)),
        };
        text.map_or(Ok(()), |text| self.output.write(&text))
    }

    /// Writes what is missing of the input if the format has a line for it.
    pub(crate) fn write_damage(&mut self, damage: &Damage) -> Result<(), CliError> {
        if self.format == ListenFormat::Text {
            return Ok(());
        }
        let line = json::to_line(&DamageLine { r#type: "damaged", damage });
        // Strings and finite numbers always serialise.
        self.output.write(&line.unwrap_or_default())
    }
}

/// The line of JSON for what is missing of a damaged input, after its events.
#[derive(Serialize)]
struct DamageLine<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    damage: &'a Damage,
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
    #[serde(flatten)]
    item: LabelledItem<'a>,
}

/// An event as a line of JSON.
fn json(
    channel: Option<usize>,
    event: Event,
    labels: &[String],
    dimensions: &[DimensionInfo],
) -> String {
    let r#type = event.kind();
    let item = TimelineItem::from(event);
    let line = Line { r#type, channel, item: item.labelled(labels, dimensions) };
    // Strings and finite numbers always serialise.
    json::to_line(&line).unwrap_or_default()
}

/// Width of the bar in characters.
const BAR: usize = 20;

/// A frame as a line for people: its end, perhaps its channel, the label, a bar of its probability and the continuous targets.
fn line(
    channel: Option<usize>,
    event: Event,
    labels: &[String],
    dimensions: &[DimensionInfo],
) -> Option<String> {
    let item = TimelineItem::of(event, true)?;
    let channel = channel.map_or_else(String::new, |channel| format!("  channel {channel}"));
    let time = pad(&clock(item.end_s), 10, false) + &channel;
    let Some(emotion) = item.label else { return Some(format!("{time}  (no speech)\n")) };
    let label = printable(labels.get(emotion.label_index)?);
    let widest = labels.iter().map(|label| printable(label).width()).max().unwrap_or(0);
    let filled = (emotion.confidence * BAR as f64).round() as usize;
    let bar = "#".repeat(filled) + &".".repeat(BAR.saturating_sub(filled));
    let sure = pad(&percent(emotion.confidence), 6, false);
    let values = dimensions.iter().zip(emotion.dimensions.iter());
    let values: String =
        values.map(|(it, value)| format!("  {} {value:.2}", printable(&it.name))).collect();
    Some(format!("{time}  {}  {sure}  {bar}{values}\n", pad(&label, widest, true)))
}
