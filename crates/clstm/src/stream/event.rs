//! Events of a stream.

use serde::Serialize;

use super::probabilities::{DimensionValues, Probabilities};

/// A result of a stream.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// One more hop of the timeline. Frames follow each other without gaps from the first sample to the last.
    Frame(Frame),
    /// An early result for a frame, where [`StreamConfig::provisional_s`](crate::StreamConfig::provisional_s) requests
    /// one: the [`Frame`](Self::Frame) of the same times follows and replaces it.
    ProvisionalFrame(Frame),
    /// A segment of one label, or without speech, has ended. Segments follow each other without gaps.
    Segment(Segment),
    /// A turn of speech has ended, where [`StreamConfig::turns`](crate::StreamConfig::turns) requests turns: the prediction for
    /// all of it, which replaces those of its frames. It is what [`Recognizer::recognize`](crate::Recognizer::recognize) returns
    /// for turns of up to a window (3 s), and more accurate than frames, which were predicted before the turn had ended.
    Turn(Segment),
}

impl Event {
    /// The `type` of the event in JSON: `frame`, `segment` or `turn`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Frame(_) | Self::ProvisionalFrame(_) => "frame",
            Self::Segment(_) => "segment",
            Self::Turn(_) => "turn",
        }
    }
}

/// One hop of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// Start, in seconds from the first sample.
    pub start_s: f64,
    /// End, in seconds from the first sample.
    pub end_s: f64,
    /// Share of the frame that is speech, 0 to 1.
    pub speech: f64,
    /// The prediction; `None` without speech.
    pub prediction: Option<WindowPrediction>,
}

/// Prediction for the window around a frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowPrediction {
    /// Calibrated probabilities of the window, in the order of the model's labels.
    pub probabilities: Probabilities,
    /// The same, smoothed over the frames before.
    pub smoothed: Probabilities,
    /// The most probable label of the smoothed ones.
    pub label_index: usize,
    /// Continuous targets of the window, smoothed over the frames before by an exponential moving average.
    #[serde(skip_serializing_if = "DimensionValues::is_none")]
    pub dimensions: DimensionValues,
}

/// Consecutive frames of one label, or without speech; or a turn of speech.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Start, in seconds from the first sample.
    pub start_s: f64,
    /// End, in seconds from the first sample.
    pub end_s: f64,
    /// The label; `None` without speech.
    pub label: Option<LabelScore>,
}

/// A label and its probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelScore {
    /// Index of the label among the model's.
    pub label_index: usize,
    /// Mean of the label's smoothed probability over the frames with speech.
    pub confidence: f64,
    /// Means of the probabilities of all labels.
    pub probabilities: Probabilities,
    /// Means of the continuous targets.
    #[serde(skip_serializing_if = "DimensionValues::is_none")]
    pub dimensions: DimensionValues,
}
