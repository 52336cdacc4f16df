//! The API description, generated from the types of the responses and from the operations below.
//!
//! The operations are here and not at the handlers, which take the whole request: their parameters are known to
//! the parsers only. Tests compare both.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, Modify, OpenApi, ToResponse, ToSchema};

use crate::api_error::ErrorBody;
use crate::response::{ChannelsBody, RecognitionBody};
use crate::routes::{
    BatchBody, ModelsBody, NamesBody, SegmentsBody, ServerMessage, StatusBody, TimelineBody,
};

/// The document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "clstm",
        version = "1",
        description = "Speech emotion recognition. An error is `{\"error\": {\"kind\", \"message\"}}`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "This server.")),
    paths(recognize, batch, stream, models, reload, metrics, healthz, readyz, openapi),
    components(
        schemas(ServerMessage<'static>, ErrorBody<'static>),
        responses(
            BadRequest, Unauthorized, Forbidden, UnknownModel, BodyTimeout, TooLarge, UnsupportedFormat, UnknownHost,
            Unprocessable, UpgradeRequired, ClientLimit, ServerError, Overloaded
        )
    ),
    security(("bearer" = []), ("key" = []), ()),
    modifiers(&Keys)
)]
struct Document;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("If the server has API keys: `Authorization: Bearer KEY`."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        let key =
            ApiKeyValue::with_description("X-API-Key", "The same key in a header of its own.");
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
}

/// Probabilities by label, in the order of the model.
#[derive(ToSchema)]
pub(crate) struct Probabilities(#[allow(dead_code, reason = "a schema")] BTreeMap<String, f64>);

/// Continuous targets by name, in the order of the model.
#[derive(ToSchema)]
pub(crate) struct Dimensions(#[allow(dead_code, reason = "a schema")] BTreeMap<String, f64>);

/// What is missing of a damaged recording; the rest of it was recognised.
#[derive(ToSchema)]
#[schema(as = Damage)]
#[allow(dead_code, reason = "a schema")]
pub(crate) struct DamageBody {
    /// Seconds that are missing, as far as the container shows; 0 if it does not.
    missing_s: f64,
    /// Byte of the first damage, where it is known.
    at_byte: Option<u64>,
    /// Second of the first damage, where it is known.
    at_s: Option<f64>,
    /// The first damage, in words.
    message: String,
    /// Number of damaged places.
    count: u64,
}

/// A frame or a segment of a timeline.
#[derive(Serialize, ToSchema)]
pub(crate) struct TimelineItem {
    /// Start, in seconds.
    start_s: f64,
    /// End, in seconds.
    end_s: f64,
    /// Share of a frame that is speech; segments have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    speech: Option<f64>,
    /// The predicted label; null without speech.
    #[schema(required)]
    label: Option<String>,
    /// Calibrated probability of the label; absent without speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Probabilities>)]
    probabilities: Option<BTreeMap<String, f64>>,
    /// Continuous targets by name, such as arousal; absent without speech, and for a model without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Dimensions>)]
    dimensions: Option<BTreeMap<String, f64>>,
    /// True for an early prediction of a stream, which a final frame replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    provisional: Option<bool>,
    /// The channel, from 0, with `channels=each` or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<usize>,
}

/// An encoded recording.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
struct Recording(#[allow(dead_code, reason = "a schema")] Vec<u8>);

/// A recording in a form.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a schema")]
struct FileForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Segments of another tool, whose emotions are the response: RTTM, SRT, WebVTT, TextGrid, ELAN, Audacity labels, CSV,
    /// Whisper or whisperX JSON.
    #[schema(value_type = Option<String>, format = Binary)]
    segments: Option<Vec<u8>>,
}

/// Several recordings in a form.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a schema")]
struct FilesForm {
    #[schema(value_type = Vec<String>, format = Binary)]
    file: Vec<Vec<u8>>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "a schema")]
#[schema(rename_all = "snake_case")]
enum TimelineKind {
    Segments,
    Frames,
    Both,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "a schema")]
#[schema(rename_all = "snake_case")]
enum SampleFormat {
    S16le,
    F32le,
    Webm,
    Ogg,
    Mp4,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "a description")]
struct ModelParam {
    /// Name of the model; by default the first one.
    model: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "a description")]
struct StrictParam {
    /// Whether a damaged recording is an error (422) instead of being recognised as far as it can be decoded, with
    /// `damaged` in the result; by default false, unless the server is started with `--strict`.
    strict: Option<bool>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "a description")]
struct ChannelsParam {
    /// mix (the mean of all channels, the default), each (every channel by itself, such as the two sides of a call), or the number
    /// of one channel, from 0. Channels by themselves lose their cross-talk. With segments, each processes a segment on the channel
    /// that the file names, and on every channel without one.
    #[param(pattern = "^(mix|each|[0-9]+)$")]
    channels: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "a description")]
struct EmbeddingParam {
    /// Also return the deep feature of each recording or channel; not with a timeline or segments.
    embedding: Option<bool>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "a description")]
struct TimelineParams {
    /// Return a timeline instead of one prediction for the whole recording.
    #[param(inline)]
    timeline: Option<TimelineKind>,
    /// Seconds from one frame to the next, at least 0.1; default 1.
    hop: Option<f64>,
    /// Seconds of audio for the prediction of a frame, at least 0.5; by default the maximum of the model.
    window: Option<f64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "a description")]
struct SegmentParams {
    /// Tier of a TextGrid or ELAN file of segments; by default the only one.
    tier: Option<String>,
    /// Seconds of audio on each side that a segment shorter than 1.5 s also gets, 0 to 10; default 0.
    context: Option<f64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "a description")]
struct StreamParams {
    /// Samples per second; default 16000. Not with containers, which have their own rate.
    #[param(minimum = 1000, maximum = 768000)]
    rate: Option<u32>,
    /// s16le (16-bit integers, the default), f32le (full scale at 1), or what a MediaRecorder writes: webm, ogg (both with
    /// Opus) or mp4 (fragmented). A stream that begins like one of these is decoded as such, whatever is announced.
    #[param(inline)]
    format: Option<SampleFormat>,
    /// Number of interleaved channels of samples, 1 by default. Not with containers, which have their own number.
    #[param(minimum = 1, maximum = 32)]
    interleaved: Option<usize>,
    /// Seconds from one frame to the next, at least 0.1; default 0.5.
    hop: Option<f64>,
    /// Seconds of audio for the prediction of a frame, at least 0.5; by default the maximum of the model.
    window: Option<f64>,
    /// Seconds of the window after the end of its frame.
    lookahead: Option<f64>,
}

macro_rules! error_responses {
    ($($(#[$attribute:meta])* $name:ident;)*) => {$(
        #[derive(ToResponse)]
        $(#[$attribute])*
        #[allow(dead_code, reason = "a description")]
        struct $name(ErrorBody<'static>);
    )*};
}

error_responses! {
    #[response(description = "Invalid parameters, no file, or an empty one.")]
    BadRequest;
    #[response(description = "No valid API key.", headers(("WWW-Authenticate" = String, description = "`Bearer`")))]
    Unauthorized;
    #[response(description = "Not allowed: a page of another origin, or a reload without API keys.")]
    Forbidden;
    #[response(description = "No model of this name.")]
    UnknownModel;
    #[response(description = "The body did not arrive in time.")]
    BodyTimeout;
    #[response(description = "Too many bytes, seconds or files.")]
    TooLarge;
    #[response(description = "Not a supported audio format.")]
    UnsupportedFormat;
    #[response(description = "A host name that is not served.")]
    UnknownHost;
    #[response(description = "Without any decodable audio, damaged in a strict request, beyond the limits of decoding, or a sample rate out of range.")]
    Unprocessable;
    #[response(description = "The connection cannot become a WebSocket.")]
    UpgradeRequired;
    #[response(description = "The quota of this client is used up.", headers(("Retry-After" = u32, description = "Seconds to wait.")))]
    ClientLimit;
    #[response(description = "A defect of the server or of a model.")]
    ServerError;
    #[response(description = "A limit of the server is reached, the recognition took too long, or the server shuts down.", headers(("Retry-After" = u32, description = "Seconds to wait.")))]
    Overloaded;
}

#[utoipa::path(
    post,
    path = "/v1/recognize",
    summary = "The emotion of a recording, its timeline, or the emotions of given segments.",
    description = "WAV, AIFF, FLAC, MP3, Ogg or WebM with Vorbis or Opus, or M4A/AAC, as the request body or as the \
                   field `file` of a form. The format is detected from the content.",
    params(ModelParam, StrictParam, ChannelsParam, EmbeddingParam, TimelineParams, SegmentParams),
    request_body(content((Recording = "application/octet-stream"), (FileForm = "multipart/form-data"))),
    responses(
        (status = 200, description = "The prediction, those of the channels, the timeline, or the segments.", body = RecognizeBody),
        (status = 400, response = BadRequest), (status = 401, response = Unauthorized),
        (status = 403, response = Forbidden), (status = 404, response = UnknownModel),
        (status = 408, response = BodyTimeout), (status = 413, response = TooLarge),
        (status = 415, response = UnsupportedFormat), (status = 421, response = UnknownHost),
        (status = 422, response = Unprocessable), (status = 429, response = ClientLimit),
        (status = 500, response = ServerError), (status = 503, response = Overloaded)
    )
)]
#[allow(dead_code, reason = "a description")]
fn recognize() {}

/// The response of `POST /v1/recognize`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "a schema")]
enum RecognizeBody {
    Recognition(RecognitionBody<'static>),
    Channels(ChannelsBody<'static>),
    Timeline(TimelineBody<'static>),
    Segments(SegmentsBody<'static>),
}

#[utoipa::path(
    post,
    path = "/v1/batch",
    summary = "The emotions of several recordings.",
    description = "A form with several files, each in a field `file`. A file that cannot be recognised has an error in its place.",
    params(ModelParam, StrictParam, ChannelsParam, EmbeddingParam),
    request_body(content = FilesForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "A prediction or an error for each file, in order.", body = BatchBody<'static>),
        (status = 400, response = BadRequest), (status = 401, response = Unauthorized),
        (status = 403, response = Forbidden), (status = 404, response = UnknownModel),
        (status = 408, response = BodyTimeout), (status = 413, response = TooLarge),
        (status = 421, response = UnknownHost), (status = 429, response = ClientLimit),
        (status = 500, response = ServerError), (status = 503, response = Overloaded)
    )
)]
#[allow(dead_code, reason = "a description")]
fn batch() {}

#[utoipa::path(
    get,
    path = "/v1/stream",
    summary = "A WebSocket: live audio in, predictions out.",
    description = "Binary messages are audio, split at any byte: samples, or WebM, Ogg or fragmented MP4 from a \
                   MediaRecorder. With `channels=each` or a number, each frame, segment and turn has its `channel`. The text message `{\"end\": true}` ends the stream. The server sends text messages, \
                   JSON objects of the schema StreamMessage: `ready` first, `frame` for each hop, `segment` for each \
                   stretch of one label, `turn` for each turn of speech when it has ended, `end` or `error` last. Close codes: 1000 at the end, 1001 at shutdown, 1008 \
                   for an error of the client, 1011 for one of the server. Pages send an API key as the subprotocol \
                   `clstm-key.KEY` beside `clstm.v1`.",
    params(ModelParam, ChannelsParam, StreamParams),
    responses(
        (status = 101, description = "The stream begins; its messages are StreamMessage."),
        (status = 400, response = BadRequest), (status = 401, response = Unauthorized),
        (status = 403, response = Forbidden), (status = 404, response = UnknownModel),
        (status = 421, response = UnknownHost), (status = 422, response = Unprocessable),
        (status = 426, response = UpgradeRequired), (status = 429, response = ClientLimit),
        (status = 500, response = ServerError), (status = 503, response = Overloaded)
    )
)]
#[allow(dead_code, reason = "a description")]
fn stream() {}

#[utoipa::path(
    get,
    path = "/v1/models",
    summary = "The models.",
    responses(
        (status = 200, description = "All models; the first is the default.", body = ModelsBody<'static>),
        (status = 401, response = Unauthorized)
    )
)]
#[allow(dead_code, reason = "a description")]
fn models() {}

#[utoipa::path(
    post,
    path = "/v1/models/reload",
    summary = "Reads the model files again.",
    description = "Requests in progress keep their models. Requires that the server has API keys.",
    responses(
        (status = 200, description = "The models.", body = NamesBody),
        (status = 401, response = Unauthorized), (status = 403, response = Forbidden),
        (status = 500, response = ServerError)
    )
)]
#[allow(dead_code, reason = "a description")]
fn reload() {}

#[utoipa::path(
    get,
    path = "/metrics",
    summary = "Metrics for Prometheus.",
    responses(
        (status = 200, description = "OpenMetrics text.", body = String, content_type = "application/openmetrics-text"),
        (status = 401, response = Unauthorized)
    )
)]
#[allow(dead_code, reason = "a description")]
fn metrics() {}

#[utoipa::path(
    get,
    path = "/healthz",
    summary = "Whether the process runs.",
    security(),
    responses((status = 200, description = "It runs.", body = StatusBody))
)]
#[allow(dead_code, reason = "a description")]
fn healthz() {}

#[utoipa::path(
    get,
    path = "/readyz",
    summary = "Whether the server accepts requests.",
    security(),
    responses(
        (status = 200, description = "It does.", body = StatusBody),
        (status = 503, response = Overloaded)
    )
)]
#[allow(dead_code, reason = "a description")]
fn readyz() {}

#[utoipa::path(
    get,
    path = "/openapi.json",
    summary = "This document.",
    security(),
    responses((status = 200, description = "This document.", body = Object))
)]
#[allow(dead_code, reason = "a description")]
fn openapi() {}
