//! How answers are written: the JSON of `clstm predict --format jsonl`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use clstm::{Event, LabelledItem, LabelledProbabilities, Recognition, TimelineItem};
use serde::Serialize;

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

/// The answer to a recording.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    path: &'a str,
    duration_s: f64,
    label: &'a str,
    confidence: f64,
    probabilities: LabelledProbabilities<'a>,
    model: &'a str,
}

impl<'a> Line<'a> {
    pub(crate) fn new(
        path: &'a str,
        heard: &'a Recognition,
        labels: &'a [String],
        model: &'a str,
    ) -> Self {
        let probabilities = LabelledProbabilities(labels, &heard.probabilities);
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

/// A section or a moment as a message of a stream.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    stretch: LabelledItem<'a>,
}

/// The message of a stream for an event.
pub(crate) fn message(event: Event, labels: &[String]) -> Option<String> {
    let kind = event.kind();
    let stretch = TimelineItem::from(event);
    serde_json::to_string(&Message { kind, stretch: stretch.labelled(labels) }).ok()
}
