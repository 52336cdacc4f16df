//! JSON messages of a stream.

use serde::{Deserialize, Serialize};

use crate::api_error::ErrorBody;

/// The first message of the server.
#[derive(Serialize)]
#[serde(tag = "type", rename = "ready")]
pub(super) struct Ready<'a> {
    pub(super) model: &'a str,
    pub(super) labels: &'a [String],
    pub(super) rate: u32,
    pub(super) hop_s: f64,
    /// Delay of a prediction behind the end of its frame, in seconds, without computing time.
    pub(super) latency_s: f64,
}

/// The last message of the server, after `{"end": true}` or at shutdown.
#[derive(Serialize)]
#[serde(tag = "type", rename = "end")]
pub(super) struct End {
    pub(super) duration_s: f64,
}

/// The last message of the server after an error.
#[derive(Serialize)]
#[serde(tag = "type", rename = "error")]
pub(super) struct Failed<'a> {
    #[serde(flatten)]
    pub(super) body: ErrorBody<'a>,
}

/// A text message of the client. Audio comes in binary messages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlMessage {
    pub(super) end: bool,
}
