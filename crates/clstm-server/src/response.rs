//! JSON response bodies, in the format of `clstm predict --format jsonl`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use clstm::{Event, LabelledItem, LabelledProbabilities, Recognition, TimelineItem};
use serde::Serialize;

use crate::api_error::{ApiError, ErrorDetail};

/// A JSON response; status 500 if `value` cannot be serialised.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // A type whose serialisation fails is a defect: never an empty body with status 200.
    let (status, body) = match serde_json::to_vec(value) {
        Ok(body) => (status, body),
        Err(error) => {
            tracing::error!("a response cannot be written as JSON: {error}");
            let body =
                br#"{"error":{"kind":"internal","message":"the response cannot be written"}}"#;
            (StatusCode::INTERNAL_SERVER_ERROR, body.to_vec())
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The result for one recording.
#[derive(Serialize)]
pub(crate) struct RecognitionBody<'a> {
    path: &'a str,
    duration_s: f64,
    speech: f64,
    /// Null without speech.
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<LabelledProbabilities<'a>>,
    model: &'a str,
}

impl<'a> RecognitionBody<'a> {
    pub(crate) fn new(
        path: &'a str,
        recognition: &'a Recognition,
        labels: &'a [String],
        model: &'a str,
    ) -> Self {
        let prediction = recognition.prediction.as_ref();
        Self {
            path,
            duration_s: recognition.duration_s,
            speech: recognition.speech,
            label: prediction.map(|p| p.label.as_str()),
            confidence: prediction.map(|p| p.confidence),
            probabilities: prediction.map(|p| LabelledProbabilities(labels, &p.probabilities)),
            model,
        }
    }
}

/// The error for one recording of a batch.
#[derive(Serialize)]
pub(crate) struct FailedBody<'a> {
    path: &'a str,
    error: ErrorDetail<'a>,
}

impl<'a> FailedBody<'a> {
    pub(crate) fn new(path: &'a str, error: &'a ApiError) -> Self {
        Self { path, error: error.detail() }
    }
}

/// A frame or a segment as a stream message.
#[derive(Serialize)]
struct StreamMessage<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    item: LabelledItem<'a>,
}

/// The stream message for an event.
pub(crate) fn stream_message(event: Event, labels: &[String]) -> Option<String> {
    let kind = event.kind();
    let item = TimelineItem::from(event);
    serde_json::to_string(&StreamMessage { kind, item: item.labelled(labels) }).ok()
}
