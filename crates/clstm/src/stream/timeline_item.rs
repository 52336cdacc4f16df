//! The JSON of frames and segments.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::event::{Event, Frame, LabelScore};
use crate::DimensionInfo;

/// A frame or a segment of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineItem {
    /// Start, in seconds from the first sample.
    pub start_s: f64,
    /// End, in seconds from the first sample.
    pub end_s: f64,
    /// Share of a frame that is speech; `None` for segments.
    pub speech: Option<f64>,
    /// The label, of a frame by its smoothed probabilities; `None` without speech.
    pub label: Option<LabelScore>,
    /// Whether a frame is to be replaced by a later one of the same times.
    pub provisional: bool,
}

impl TimelineItem {
    /// The item of an event of the requested kind: a final frame if `frames`, else a segment.
    #[must_use]
    pub fn of(event: Event, frames: bool) -> Option<Self> {
        match (&event, frames) {
            (Event::Frame(_), true) | (Event::Segment(_), false) => Some(event.into()),
            _ => None,
        }
    }

    /// The item as it is serialised, with the labels of its model, and the names of its continuous targets, which are left
    /// out where there are none.
    #[must_use]
    pub fn labelled<'a>(
        &'a self,
        labels: &'a [String],
        dimensions: &'a [DimensionInfo],
    ) -> LabelledItem<'a> {
        let score = self.label.as_ref();
        LabelledItem {
            start_s: self.start_s,
            end_s: self.end_s,
            speech: self.speech,
            label: score.and_then(|s| labels.get(s.label_index)).map(String::as_str),
            confidence: score.map(|s| s.confidence),
            probabilities: score.map(|s| LabelledProbabilities(labels, &s.probabilities)),
            dimensions: score.and_then(|s| LabelledDimensions::of(dimensions, &s.dimensions)),
            provisional: self.provisional,
        }
    }

    fn of_frame(frame: Frame, provisional: bool) -> Self {
        Self {
            start_s: frame.start_s,
            end_s: frame.end_s,
            speech: Some(frame.speech),
            label: frame.prediction.map(|prediction| LabelScore {
                label_index: prediction.label_index,
                confidence: prediction.smoothed.get(prediction.label_index).copied().unwrap_or(0.0),
                probabilities: prediction.smoothed,
                dimensions: prediction.dimensions,
            }),
            provisional,
        }
    }
}

impl From<Event> for TimelineItem {
    fn from(event: Event) -> Self {
        match event {
            Event::Frame(frame) => Self::of_frame(frame, false),
            Event::ProvisionalFrame(frame) => Self::of_frame(frame, true),
            Event::Segment(segment) | Event::Turn(segment) => Self {
                start_s: segment.start_s,
                end_s: segment.end_s,
                speech: None,
                label: segment.label,
                provisional: false,
            },
        }
    }
}

/// A [`TimelineItem`] with the names of its labels: the JSON of frames and segments, to be flattened into the object that
/// surrounds it.
///
/// ```text
/// {"start_s":0.0,"end_s":3.0,"label":"sad","confidence":0.9,"probabilities":{"happy":0.1,"sad":0.9}}
/// {"start_s":3.0,"end_s":4.0,"speech":0.125,"label":null}
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct LabelledItem<'a> {
    /// Start, in seconds from the first sample.
    pub start_s: f64,
    /// End, in seconds from the first sample.
    pub end_s: f64,
    /// Share of a frame that is speech; absent for segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech: Option<f64>,
    /// The label; null without speech.
    pub label: Option<&'a str>,
    /// Its probability; absent without speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Those of all labels; absent without speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<LabelledProbabilities<'a>>,
    /// Continuous targets; absent without speech, and for a model without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<LabelledDimensions<'a>>,
    /// `true` for a provisional frame, else absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
}

/// Labels and their probabilities: an object in the order of the model.
#[derive(Clone, Copy, Debug)]
pub struct LabelledProbabilities<'a>(pub &'a [String], pub &'a [f64]);

impl Serialize for LabelledProbabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(labels, probabilities) = self;
        let mut map = serializer.serialize_map(Some(labels.len().min(probabilities.len())))?;
        for (label, probability) in labels.iter().zip(*probabilities) {
            map.serialize_entry(label, probability)?;
        }
        map.end()
    }
}

/// Continuous targets and their values: an object in the order of the model.
#[derive(Clone, Copy, Debug)]
pub struct LabelledDimensions<'a>(&'a [DimensionInfo], &'a [f64]);

impl<'a> LabelledDimensions<'a> {
    /// The values of dimensions, in their order; none without dimensions.
    #[must_use]
    pub fn of(dimensions: &'a [DimensionInfo], values: &'a [f64]) -> Option<Self> {
        (!dimensions.is_empty() && !values.is_empty()).then_some(Self(dimensions, values))
    }
}

impl Serialize for LabelledDimensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(dimensions, values) = self;
        let mut map = serializer.serialize_map(Some(dimensions.len().min(values.len())))?;
        for (dimension, value) in dimensions.iter().zip(*values) {
            map.serialize_entry(&dimension.name, value)?;
        }
        map.end()
    }
}
