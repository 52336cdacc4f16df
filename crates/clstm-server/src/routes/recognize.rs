//! `POST /v1/recognize`: one recording, as a whole or as a timeline.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clstm::audio::Damage;
use clstm::{ChannelEvent, ChannelSelection, Event, StreamConfig, TimelineItem};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::middleware::ClientIdentity;
use super::segments::{self, SegmentParams};
use crate::api_error::{ApiError, ErrorKind};
use crate::body::{BodyReader, Recording};
use crate::compute::{ChannelsRequest, RecognizedChannel, TimelineRequest};
use crate::metrics::GaugeGuard;
use crate::models::LoadedModel;
use crate::openapi::DamageBody;
use crate::query::QueryParams;
use crate::quota::{ClientId, Resource};
use crate::response::{ItemBody, RecognitionBody, SelectedBody, json};
use crate::state::{AppState, SharedState};

/// What a timeline contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Segments,
    Frames,
    Both,
}

/// Query parameters.
struct Params {
    model: Option<String>,
    /// Whether a damaged recording is an error; by default what the server is configured to.
    strict: Option<bool>,
    channels: ChannelSelection,
    /// Whether the deep feature is returned.
    embedding: bool,
    timeline: Option<(Kind, StreamConfig)>,
    segments: SegmentParams,
}

/// The timeline of a recording.
#[derive(Serialize, ToSchema)]
#[schema(as = Timeline)]
pub(crate) struct TimelineBody<'a> {
    path: &'a str,
    duration_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<Vec<ItemBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<Vec<ItemBody<'a>>>,
    /// What is missing of a damaged recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DamageBody>)]
    damaged: Option<&'a Damage>,
    model: &'a str,
}

pub(super) async fn recognize(State(app): State<SharedState>, request: Request) -> Response {
    let params = parse(&request);
    let client = ClientIdentity::of(request.extensions());
    let mut body = BodyReader::new(request, &app, client).accepting_segments();
    let outcome = respond(&app, params, client, &mut body).await;
    body.respond(outcome).await
}

fn parse(request: &Request) -> Result<Params, ApiError> {
    let query = QueryParams::parse(
        request.uri(),
        &[
            "model",
            "strict",
            "channels",
            "embedding",
            "timeline",
            "hop",
            "window",
            "tier",
            "context",
        ],
    )?;
    let kind = match query.text("timeline") {
        None => None,
        // The other names are those of release 0.1.
        Some("segments" | "sections") => Some(Kind::Segments),
        Some("frames" | "moments") => Some(Kind::Frames),
        Some("both") => Some(Kind::Both),
        Some(other) => {
            let message = format!("timeline={other} is not `segments`, `frames` or `both`");
            return Err(ApiError::request(message));
        }
    };
    let (hop, window) = (query.number("hop")?, query.number("window")?);
    if kind.is_none() && (hop.is_some() || window.is_some()) {
        return Err(ApiError::request("hop and window are for timelines: add timeline=segments"));
    }
    let embedding = query.flag("embedding")?.unwrap_or_default();
    if kind.is_some() && embedding {
        return Err(ApiError::request("embedding=true is for whole recordings: remove timeline"));
    }
    let recording = StreamConfig::recording();
    let config =
        StreamConfig { hop_s: hop.unwrap_or(recording.hop_s), window_s: window, ..recording };
    let model = query.text("model").map(str::to_owned);
    let channels = query.channels()?;
    let strict = query.flag("strict")?;
    let context_s = query.number("context")?.unwrap_or(0.0);
    if !(0.0..=10.0).contains(&context_s) {
        return Err(ApiError::request("context is a number of seconds from 0 to 10"));
    }
    let tier = query.text("tier").map(str::to_owned);
    let segments = SegmentParams { tier, context_s, channels };
    let timeline = kind.map(|kind| (kind, config));
    Ok(Params { model, strict, channels, embedding, timeline, segments })
}

async fn respond(
    app: &SharedState,
    params: Result<Params, ApiError>,
    client: Option<ClientId>,
    body: &mut BodyReader,
) -> Result<Response, ApiError> {
    let Params { model, strict, channels, embedding, timeline, segments } = params?;
    let strict = strict.unwrap_or(app.strict);
    app.model(model.as_deref())?;
    // Channels by themselves are several times as much work and memory as their mean.
    let (resource, permits) = match (&timeline, channels) {
        (None, ChannelSelection::Mix) => (Resource::Recordings, &app.recordings),
        _ => (Resource::Timelines, &app.timelines),
    };
    let _quota = app.quotas.acquire(client, resource, 1)?;
    // Do not buffer a body that cannot be processed.
    if permits.available_permits() == 0 {
        return Err(ApiError::overloaded("too many recordings are waiting"));
    }
    let mut recordings = body.recordings(1).await?;
    let Some(recording) = recordings.pop() else { return Err(ApiError::internal()) };
    if let Some(file) = body.take_segments() {
        if timeline.is_some() {
            return Err(ApiError::request("a form with segments has no timeline: leave it out"));
        }
        if embedding {
            let message = "embedding=true is for whole recordings: send the form without segments";
            return Err(ApiError::request(message));
        }
        // As long as a timeline may take.
        let _permit = app.admit_timeline()?;
        return segments::recognize(app, model.as_deref(), recording, file, segments, strict).await;
    }
    match timeline {
        None if channels != ChannelSelection::Mix => {
            let _permit = app.admit_timeline()?;
            let model = app.model(model.as_deref())?;
            let found =
                recognize_channels(app, &model, &recording, channels, strict, embedding).await?;
            let body = SelectedBody::new(&recording.name, &found, channels, &model);
            Ok(json(StatusCode::OK, &body))
        }
        None => {
            let (_permit, _gauge) = (app.admit(1)?, GaugeGuard::new(&app.metrics.recordings));
            recognize_clip(app, model.as_deref(), recording, strict, embedding).await
        }
        Some((kind, config)) => {
            let _permit = app.admit_timeline()?;
            let model = app.model(model.as_deref())?;
            let limits = app.limits.decoding_channels(app.limits.max_timeline_s, channels);
            let Recording { name, bytes } = recording;
            let request =
                TimelineRequest { model: model.clone(), bytes, limits, config, channels, strict };
            recognize_timeline(app, &model, &name, kind, request).await
        }
    }
}

async fn recognize_clip(
    app: &AppState,
    model: Option<&str>,
    recording: Recording,
    strict: bool,
    embedding: bool,
) -> Result<Response, ApiError> {
    let model = app.model(model)?;
    let recognition = app.compute.clip(model.clone(), recording.bytes, strict, embedding);
    let (recognition, embedding) = with_timeout(app.limits.response_timeout, recognition).await?;
    app.metrics.audio_processed(recognition.duration_s);
    let info = model.info();
    let body = RecognitionBody::new(&recording.name, &recognition, model.labels(), &info.name)
        .with_dimensions(&recognition, &info.dimensions)
        .with_embedding(embedding);
    Ok(json(StatusCode::OK, &body))
}

/// The emotions of the channels of a recording.
pub(super) async fn recognize_channels(
    app: &AppState,
    model: &Arc<LoadedModel>,
    recording: &Recording,
    channels: ChannelSelection,
    strict: bool,
    embed: bool,
) -> Result<Vec<RecognizedChannel>, ApiError> {
    let limits = app.limits.decoding_channels(app.limits.max_duration_s, channels);
    let (model, bytes) = (model.clone(), recording.bytes.clone());
    let request = ChannelsRequest { model, bytes, limits, channels, strict, embed };
    let found = app.compute.channels(request);
    let found = with_timeout(app.limits.response_timeout, found).await?;
    let seconds = found.iter().map(|channel| channel.recognition.duration_s).sum();
    app.metrics.audio_processed(seconds);
    Ok(found)
}

async fn recognize_timeline(
    app: &AppState,
    model: &LoadedModel,
    path: &str,
    kind: Kind,
    request: TimelineRequest,
) -> Result<Response, ApiError> {
    let mix = request.channels == ChannelSelection::Mix;
    let timeline = with_timeout(app.limits.response_timeout, app.compute.timeline(request)).await?;
    app.metrics.audio_processed(timeline.processed_s);
    let info = model.info();
    let (frames, segments): (Vec<ChannelEvent>, Vec<ChannelEvent>) =
        timeline.events.into_iter().partition(|event| matches!(event.event, Event::Frame(_)));
    let [segments, frames] = [segments, frames].map(|events| {
        let items = events.into_iter();
        items.map(|event| (event.channel, TimelineItem::from(event.event))).collect::<Vec<_>>()
    });
    let rows = |items, requested: bool| requested.then(|| labelled(items, model, mix));
    let segments = rows(&segments, kind != Kind::Frames);
    let frames = rows(&frames, kind != Kind::Segments);
    let (duration_s, damaged) = (timeline.duration_s, timeline.damage.as_ref());
    Ok(json(
        StatusCode::OK,
        &TimelineBody { path, duration_s, segments, frames, damaged, model: &info.name },
    ))
}

/// Items with their labels and, unless they are those of the mean, their channels.
fn labelled<'a>(
    items: &'a [(usize, TimelineItem)],
    model: &'a LoadedModel,
    mix: bool,
) -> Vec<ItemBody<'a>> {
    let (labels, dimensions) = (model.labels(), &model.info().dimensions);
    let rows = items.iter().map(|(channel, item)| ItemBody {
        item: item.labelled(labels, dimensions),
        channel: (!mix).then_some(*channel),
    });
    rows.collect()
}

/// Fails with status 503 after `limit`.
pub(super) async fn with_timeout<T>(
    limit: Duration,
    result: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    timeout(limit, result).await.unwrap_or_else(|_| {
        let message = "the recognition took too long; send shorter recordings or try again later";
        Err(ApiError::new(ErrorKind::ComputeTimeout, message))
    })
}
