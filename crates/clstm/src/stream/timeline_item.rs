//! Events as stretches of time, and how they are written.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::event::{Event, LabelScore};

/// A stretch of a timeline, whether a section or a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineItem {
    /// Where it begins, in seconds from the first sample.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// Share of a moment that is speech; sections have none.
    pub speech: Option<f64>,
    /// What is heard, of a moment by its smoothed probabilities; `None` without speech.
    pub label: Option<LabelScore>,
}

impl TimelineItem {
    /// The stretch of an event where it is of the kind asked for: timelines are of moments, or of
    /// sections.
    #[must_use]
    pub fn of(event: Event, moments: bool) -> Option<Self> {
        match (&event, moments) {
            (Event::Frame(_), true) | (Event::Segment(_), false) => Some(event.into()),
            _ => None,
        }
    }

    /// As it is written, with these labels of its model.
    #[must_use]
    pub fn labelled<'a>(&'a self, labels: &'a [String]) -> LabelledItem<'a> {
        let emotion = self.label.as_ref();
        LabelledItem {
            start_s: self.start_s,
            end_s: self.end_s,
            speech: self.speech,
            label: emotion.and_then(|e| labels.get(e.label_index)).map(String::as_str),
            confidence: emotion.map(|e| e.confidence),
            probabilities: emotion.map(|e| LabelledProbabilities(labels, &e.probabilities)),
        }
    }
}

impl From<Event> for TimelineItem {
    fn from(event: Event) -> Self {
        match event {
            Event::Frame(moment) => Self {
                start_s: moment.start_s,
                end_s: moment.end_s,
                speech: Some(moment.speech),
                label: moment.prediction.map(|answer| LabelScore {
                    label_index: answer.label_index,
                    confidence: answer.smoothed.get(answer.label_index).copied().unwrap_or(0.0),
                    probabilities: answer.smoothed,
                }),
            },
            Event::Segment(section) => Self {
                start_s: section.start_s,
                end_s: section.end_s,
                speech: None,
                label: section.label,
            },
        }
    }
}

/// A [`TimelineItem`] with the names of its labels: the one shape of all JSON that tells of stretches, to be
/// flattened into whatever surrounds it.
///
/// ```text
/// {"start_s":0.0,"end_s":3.0,"label":"sad","confidence":0.9,"probabilities":{"happy":0.1,"sad":0.9}}
/// {"start_s":3.0,"end_s":4.0,"speech":0.125,"label":null}
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct LabelledItem<'a> {
    /// Where it begins, in seconds from the first sample.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
    /// Share of a moment that is speech; not written for sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech: Option<f64>,
    /// The label; null without speech.
    pub label: Option<&'a str>,
    /// Its probability; not written without speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Those of all labels; not written without speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<LabelledProbabilities<'a>>,
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
