//! How timelines are written: rows for programs and people, documents for other tools.

mod document;
mod rows;

use clstm::{Emotion, Event};

use crate::args::RowFormat;
use crate::inputs::RowError;

pub(crate) use rows::{TimelineRows, clock};

/// A stretch of a timeline, whether a section or a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) start_s: f64,
    pub(crate) end_s: f64,
    /// Share of a moment that is speech; sections have none.
    pub(crate) speech: Option<f64>,
    /// What is heard; `None` without speech.
    pub(crate) emotion: Option<Emotion>,
}

impl Stretch {
    /// The stretch of an event, where it is of the kind asked for.
    pub(crate) fn of(event: Event, moments: bool) -> Option<Self> {
        match event {
            Event::Moment(moment) if moments => Some(Self {
                start_s: moment.start_s,
                end_s: moment.end_s,
                speech: Some(moment.speech),
                emotion: moment.answer.map(|answer| Emotion {
                    label_index: answer.label_index,
                    confidence: answer.smoothed[answer.label_index],
                    probabilities: answer.smoothed,
                }),
            }),
            Event::Section(section) if !moments => Some(Self {
                start_s: section.start_s,
                end_s: section.end_s,
                speech: None,
                emotion: section.emotion,
            }),
            _ => None,
        }
    }
}

/// What became of a recording: the stretches that were heard, and what ended it too early.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// As shown.
    pub(crate) path: String,
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) error: Option<RowError>,
}

/// The extension of a format that is a document of its own for each recording.
pub(crate) fn extension(format: RowFormat) -> Option<&'static str> {
    match format {
        RowFormat::Textgrid => Some("TextGrid"),
        RowFormat::Srt => Some("srt"),
        RowFormat::Vtt => Some("vtt"),
        RowFormat::Table | RowFormat::Jsonl | RowFormat::Csv | RowFormat::Parquet => None,
    }
}
