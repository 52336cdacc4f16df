//! Errors of the HTTP and WebSocket API: `{"error": {"kind", "message"}}` with a status.

use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clstm::audio::AudioError;
use clstm::{RecognizeError, StreamError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::response::json;

/// Seconds after which a client may retry when the server or its quota was full.
const RETRY_AFTER_S: &str = "1";

/// What went wrong. [`ErrorKind::status_and_word`] is the one table of status codes and JSON words; the words
/// never change between releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The parameters, the body or a message are not as documented.
    Request,
    /// No valid API key.
    Unauthorized,
    /// The request needs an API key and the server has none.
    Forbidden,
    /// A page of another origin.
    Origin,
    /// A host name that the server does not serve.
    Host,
    /// No route at this path.
    NotFound,
    /// The route does not take this method.
    Method,
    /// No model of this name.
    UnknownModel,
    /// Not a WebSocket handshake; the status is the one of the WebSocket extractor.
    WebSocket(StatusCode),
    /// The client sent too slowly.
    ClientTimeout,
    /// The body exceeds [`Limits::max_body_bytes`](crate::Limits::max_body_bytes).
    TooLarge,
    /// The form has too many files.
    TooManyFiles,
    /// Decoding takes more memory or CPU time than a worker has.
    DecodeLimit,
    /// The client's quota is used up.
    ClientLimit,
    /// A limit of the whole server is reached.
    Overloaded,
    /// Recognition took longer than [`Limits::response_timeout`](crate::Limits::response_timeout).
    ComputeTimeout,
    /// The server is shutting down.
    ShuttingDown,
    /// A defect of the server.
    Internal,
    /// An error of a library, with the word of its `kind()`.
    Library(StatusCode, &'static str),
}

impl ErrorKind {
    /// The HTTP status and the JSON word.
    pub(crate) const fn status_and_word(self) -> (StatusCode, &'static str) {
        match self {
            Self::Request => (StatusCode::BAD_REQUEST, "request"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Self::Origin => (StatusCode::FORBIDDEN, "origin"),
            Self::Host => (StatusCode::MISDIRECTED_REQUEST, "host"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method"),
            Self::UnknownModel => (StatusCode::NOT_FOUND, "unknown_model"),
            Self::WebSocket(status) => (status, "websocket"),
            Self::ClientTimeout => (StatusCode::REQUEST_TIMEOUT, "timeout"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::TooManyFiles => (StatusCode::PAYLOAD_TOO_LARGE, "too_many_files"),
            Self::DecodeLimit => (StatusCode::UNPROCESSABLE_ENTITY, "decode_limit"),
            Self::ClientLimit => (StatusCode::TOO_MANY_REQUESTS, "client_limit"),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            Self::ComputeTimeout => (StatusCode::SERVICE_UNAVAILABLE, "timeout"),
            Self::ShuttingDown => (StatusCode::SERVICE_UNAVAILABLE, "shutting_down"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            Self::Library(status, word) => (status, word),
        }
    }
}

/// An error response.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    kind: ErrorKind,
    message: String,
}

/// An error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody<'a> {
    pub(crate) error: ErrorDetail<'a>,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetail<'a> {
    /// A short word for programs, which never changes between releases.
    pub(crate) kind: &'a str,
    /// What was wrong and what to do, for people.
    pub(crate) message: &'a str,
}

impl ApiError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.kind.status_and_word().0
    }

    /// The JSON word of the kind.
    pub(crate) const fn word(&self) -> &'static str {
        self.kind.status_and_word().1
    }

    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Request, message)
    }

    /// A limit of the whole server is reached.
    pub(crate) fn overloaded(what: &str) -> Self {
        let message = format!("{what}; try again after Retry-After seconds");
        Self::new(ErrorKind::Overloaded, message)
    }

    /// The client holds as much as its quota allows.
    pub(crate) fn client_limit(limit: usize, resource: &str) -> Self {
        let message = format!(
            "one client may have {limit} {resource}; wait for some of yours to end, and try again \
             after Retry-After seconds"
        );
        Self::new(ErrorKind::ClientLimit, message)
    }

    pub(crate) fn shutting_down() -> Self {
        Self::new(ErrorKind::ShuttingDown, "the server is shutting down")
    }

    /// A worker failed, which is a defect of the server.
    pub(crate) fn internal() -> Self {
        Self::new(ErrorKind::Internal, "the server failed on this request; please report it")
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        let message =
            format!("the body has more than {limit} bytes; split or compress the recording");
        Self::new(ErrorKind::TooLarge, message)
    }

    pub(crate) fn detail(&self) -> ErrorDetail<'_> {
        ErrorDetail { kind: self.word(), message: &self.message }
    }

    pub(crate) fn body(&self) -> ErrorBody<'_> {
        ErrorBody { error: self.detail() }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.word(), self.message)
    }
}

impl std::error::Error for ApiError {}

impl From<RecognizeError> for ApiError {
    fn from(error: RecognizeError) -> Self {
        let status = match &error {
            RecognizeError::Audio(error) => audio_status(error),
            RecognizeError::NoChannel { .. }
            | RecognizeError::Overlap { .. }
            | RecognizeError::SpanTooLong { .. }
            | RecognizeError::TooManySpans { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(ErrorKind::Library(status, error.kind()), error.to_string())
    }
}

fn audio_status(error: &AudioError) -> StatusCode {
    match error {
        AudioError::TooLarge { .. } | AudioError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        AudioError::UnsupportedFormat { .. }
        | AudioError::UnsupportedCodec { .. }
        | AudioError::NotAudio { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        AudioError::BadConfig { .. } | AudioError::Empty => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<StreamError> for ApiError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Recognize(error) => error.into(),
            error => {
                let kind = ErrorKind::Library(StatusCode::BAD_REQUEST, error.kind());
                Self::new(kind, error.to_string())
            }
        }
    }
}

impl From<AudioError> for ApiError {
    fn from(error: AudioError) -> Self {
        RecognizeError::from(error).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = json(self.status(), &self.body());
        let headers = response.headers_mut();
        let retry = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        if retry.contains(&self.status()) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(ErrorWord(self.word()));
        response
    }
}

/// Response extension: the JSON word of the error, for the metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorWord(pub(crate) &'static str);
