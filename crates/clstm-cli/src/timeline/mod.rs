//! How timelines are written: rows for programs and people, documents for other tools.

mod document;
mod rows;

use crate::args::RowFormat;
use crate::inputs::RowError;
use crate::rows::Scores;

use clstm::audio::{Damage, DecodeNote};

pub(crate) use clstm::TimelineItem;
pub(crate) use rows::{TimelineRows, clock};

/// The timeline of a recording, and what ended it early.
#[derive(Debug)]
pub(crate) struct Timeline {
    /// As shown.
    pub(crate) path: String,
    /// Of a recording whose channels are recognised by themselves.
    pub(crate) channel: Option<usize>,
    pub(crate) duration_s: f64,
    /// Share of the recording that is speech.
    pub(crate) speech: f64,
    /// The mean of the probabilities over all frames with speech, by duration; `None` without speech.
    pub(crate) scores: Option<Scores>,
    pub(crate) segments: Vec<TimelineItem>,
    /// Empty unless requested.
    pub(crate) frames: Vec<TimelineItem>,
    /// What is missing of a damaged recording.
    pub(crate) damage: Option<Damage>,
    /// What the decoder notes about the recording.
    pub(crate) notes: Vec<DecodeNote>,
    pub(crate) error: Option<RowError>,
}

impl Timeline {
    /// Of a recording that could not be opened.
    pub(crate) fn failed(path: &str, error: RowError) -> Self {
        Self {
            path: path.to_owned(),
            channel: None,
            duration_s: 0.0,
            speech: 0.0,
            scores: None,
            segments: Vec::new(),
            frames: Vec::new(),
            damage: None,
            notes: Vec::new(),
            error: Some(error),
        }
    }

    /// Damage and notes, in words.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        let damage = self.damage.iter().map(ToString::to_string);
        damage.chain(self.notes.iter().map(ToString::to_string))
    }
}

/// Sums over the frames of a recording.
#[derive(Debug, Default)]
pub(crate) struct FrameSums {
    duration_s: f64,
    speech_s: f64,
    /// Of frames with a label.
    labelled_s: f64,
    probabilities: Vec<f64>,
    dimensions: Vec<f64>,
}

impl FrameSums {
    /// Adds a frame.
    pub(crate) fn add(&mut self, frame: &TimelineItem) {
        let seconds = frame.end_s - frame.start_s;
        self.duration_s = self.duration_s.max(frame.end_s);
        self.speech_s += seconds * frame.speech.unwrap_or(0.0);
        let Some(score) = &frame.label else { return };
        self.labelled_s += seconds;
        let all = [
            (&mut self.probabilities, &score.probabilities),
            (&mut self.dimensions, &score.dimensions),
        ];
        for (sums, values) in all {
            sums.resize(values.len(), 0.0);
            sums.iter_mut().zip(values.iter()).for_each(|(sum, value)| *sum += seconds * value);
        }
    }

    /// Seconds up to the end of the last frame.
    pub(crate) fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// Share of the recording that is speech, in `[0, 1]`.
    pub(crate) fn speech(&self) -> f64 {
        if self.duration_s > 0.0 { (self.speech_s / self.duration_s).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The means of the probabilities and of the continuous targets; `None` without speech.
    pub(crate) fn scores(&self) -> Option<Scores> {
        let means = |sums: &[f64]| sums.iter().map(|sum| sum / self.labelled_s).collect();
        (self.labelled_s > 0.0)
            .then(|| Scores::of(means(&self.probabilities), means(&self.dimensions)))
    }
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
