//! How answers are written: the JSON of `clstm predict --format jsonl`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use clstm::{Event, Recognition};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::refusal::{ErrorText, Refusal};

/// A response of JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Strings and finite numbers always serialise.
    let mut response = Response::new(Body::from(serde_json::to_vec(value).unwrap_or_default()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Labels and their probabilities, as an object in the order of the model.
pub(crate) struct Probabilities<'a>(pub(crate) &'a [String], pub(crate) &'a [f64]);

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (label, probability) in self.0.iter().zip(self.1) {
            map.serialize_entry(label, probability)?;
        }
        map.end()
    }
}

/// The answer to a recording.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    path: &'a str,
    duration_s: f64,
    label: &'a str,
    confidence: f64,
    probabilities: Probabilities<'a>,
    model: &'a str,
}

impl<'a> Line<'a> {
    pub(crate) fn new(
        path: &'a str,
        heard: &'a Recognition,
        labels: &'a [String],
        model: &'a str,
    ) -> Self {
        let probabilities = Probabilities(labels, &heard.probabilities);
        let Recognition { duration_s, label, confidence, .. } = heard;
        Self { path, duration_s: *duration_s, label, confidence: *confidence, probabilities, model }
    }
}

/// A recording of a batch that got no answer.
#[derive(Serialize)]
pub(crate) struct ErrorLine<'a> {
    path: &'a str,
    error: ErrorText<'a>,
}

impl<'a> ErrorLine<'a> {
    pub(crate) fn new(path: &'a str, refusal: &'a Refusal) -> Self {
        Self { path, error: ErrorText { kind: refusal.kind, message: &refusal.message } }
    }
}

/// What a timeline or a stream is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sections,
    Moments,
}

/// A section or a moment.
#[derive(Serialize)]
pub(crate) struct Stretch<'a> {
    /// In streams, which mix them.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    start_s: f64,
    end_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    speech: Option<f64>,
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<Probabilities<'a>>,
}

impl<'a> Stretch<'a> {
    /// The stretch of an event and what it is; `None` for events of later releases.
    pub(crate) fn of(event: &'a Event, labels: &'a [String]) -> Option<(Kind, Self)> {
        let label = |index: usize| labels.get(index).map(String::as_str);
        match event {
            Event::Moment(moment) => {
                let answer = moment.answer.as_ref();
                let stretch = Self {
                    kind: None,
                    start_s: moment.start_s,
                    end_s: moment.end_s,
                    speech: Some(moment.speech),
                    label: answer.and_then(|a| label(a.label_index)),
                    confidence: answer.and_then(|a| a.smoothed.get(a.label_index).copied()),
                    probabilities: answer.map(|a| Probabilities(labels, &a.smoothed)),
                };
                Some((Kind::Moments, stretch))
            }
            Event::Section(section) => {
                let emotion = section.emotion.as_ref();
                let stretch = Self {
                    kind: None,
                    start_s: section.start_s,
                    end_s: section.end_s,
                    speech: None,
                    label: emotion.and_then(|e| label(e.label_index)),
                    confidence: emotion.map(|e| e.confidence),
                    probabilities: emotion.map(|e| Probabilities(labels, &e.probabilities)),
                };
                Some((Kind::Sections, stretch))
            }
            _ => None,
        }
    }

    /// The message of a stream for an event.
    pub(crate) fn message(event: &'a Event, labels: &'a [String]) -> Option<String> {
        let (kind, stretch) = Self::of(event, labels)?;
        let kind = if kind == Kind::Moments { "moment" } else { "section" };
        serde_json::to_string(&Self { kind: Some(kind), ..stretch }).ok()
    }
}
