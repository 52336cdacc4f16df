//! What a client is told when it gets no answer.

use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clstm::audio::AudioError;
use clstm::{RecognizeError, StreamError};
use serde::Serialize;

use crate::wire::json;

/// Seconds after which a client that was refused for want of room may come again.
const RETRY_AFTER_S: &str = "1";

/// Why a client gets no answer.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// A short stable word for machines.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

/// `{"error": {"kind", "message"}}`
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    pub(crate) error: ErrorText<'a>,
}

#[derive(Serialize)]
pub(crate) struct ErrorText<'a> {
    pub(crate) kind: &'a str,
    pub(crate) message: &'a str,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    /// Wrong usage.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "request", message)
    }

    /// No room at present.
    pub(crate) fn overloaded(what: &str) -> Self {
        let message = format!("{what}; try again after Retry-After seconds");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message)
    }

    /// The client itself has all that one client may have.
    pub(crate) fn client_limit(most: usize, of: &str) -> Self {
        let message = format!(
            "one client may have {most} {of}; wait for some of yours to end, and try again after \
             Retry-After seconds"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, "client_limit", message)
    }

    pub(crate) fn shutting_down() -> Self {
        let message = "the server is shutting down";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", message)
    }

    /// A worker failed, which is a defect of the server.
    pub(crate) fn internal() -> Self {
        let message = "the server failed at this recording; please report it";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        let message =
            format!("the body has more than {limit} bytes; split or compress the recording");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(crate) fn body(&self) -> ErrorBody<'_> {
        ErrorBody { error: ErrorText { kind: self.kind, message: &self.message } }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Refusal {}

impl From<RecognizeError> for Refusal {
    fn from(error: RecognizeError) -> Self {
        let status = match &error {
            RecognizeError::Audio(error) => match error {
                AudioError::TooLarge { .. } | AudioError::TooLong { .. } => {
                    StatusCode::PAYLOAD_TOO_LARGE
                }
                AudioError::UnsupportedFormat { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                AudioError::BadConfig { .. } | AudioError::Empty => StatusCode::BAD_REQUEST,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            RecognizeError::Silent => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.kind(), error.to_string())
    }
}

impl From<StreamError> for Refusal {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Recognize(error) => error.into(),
            error => Self::new(StatusCode::BAD_REQUEST, error.kind(), error.to_string()),
        }
    }
}

impl From<AudioError> for Refusal {
    fn from(error: AudioError) -> Self {
        RecognizeError::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &self.body());
        let headers = response.headers_mut();
        let later = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        if later.contains(&self.status) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(RefusedAs(self.kind));
        response
    }
}

/// Beside a response: the kind of its refusal, for the metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedAs(pub(crate) &'static str);
