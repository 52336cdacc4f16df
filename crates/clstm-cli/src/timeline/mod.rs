//! How timelines are written: rows for programs and people, documents for other tools.

mod document;
mod rows;

use crate::args::RowFormat;
use crate::inputs::RowError;

pub(crate) use clstm::TimelineItem;
pub(crate) use rows::{TimelineRows, clock};

/// What became of a recording: the stretches that were heard, and what ended it too early.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// As shown.
    pub(crate) path: String,
    pub(crate) stretches: Vec<TimelineItem>,
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
