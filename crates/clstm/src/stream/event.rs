//! What a stream says.

use serde::Serialize;

use super::probabilities::Probabilities;

/// Something that a stream has to say.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// One more hop of the timeline.
    Frame(Frame),
    /// A stretch of one emotion, or without speech, has ended.
    Segment(Segment),
}

impl Event {
    /// The `type` of the event in JSON: `frame` or `segment`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Frame(_) => "frame",
            Self::Segment(_) => "segment",
        }
    }
}

/// One hop of the timeline. Moments follow each other without gaps from the first sample to the last.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// Where it begins, in seconds from the first sample.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// Share of it that is speech, 0 to 1.
    pub speech: f64,
    /// What is heard; `None` without speech.
    pub prediction: Option<WindowPrediction>,
}

/// What is heard round a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowPrediction {
    /// Calibrated probabilities of its window, in the order of the model's labels.
    pub probabilities: Probabilities,
    /// The same, smoothed over the moments before.
    pub smoothed: Probabilities,
    /// The most probable label of the smoothed ones.
    pub label_index: usize,
}

/// A stretch of one emotion, or without speech. Segmenter follow each other without gaps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Where it begins, in seconds from the first sample.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// What is heard; `None` for a stretch without speech.
    pub label: Option<LabelScore>,
}

/// The emotion of a section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelScore {
    /// Index of its label among the model's.
    pub label_index: usize,
    /// Mean of the label's smoothed probability over the section's moments with speech.
    pub confidence: f64,
    /// Means of all labels' probabilities.
    pub probabilities: Probabilities,
}
