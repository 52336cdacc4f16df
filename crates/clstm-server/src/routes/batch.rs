//! `POST /v1/batch`: several recordings in one form.

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use clstm::ChannelSelection;
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::middleware::ClientIdentity;
use super::recognize::{recognize_channels, with_timeout};
use crate::api_error::ApiError;
use crate::body::{BodyReader, Recording};
use crate::compute::Recognized;
use crate::metrics::GaugeGuard;
use crate::query::QueryParams;
use crate::quota::{ClientId, Resource};
use crate::response::{FailedBody, RecognitionBody, SelectedBody, json};
use crate::state::SharedState;

/// Recordings of one request in progress at the same time: the batch size of the kernels.
const MAX_CONCURRENT: usize = 16;

/// The results of a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = Batch)]
pub(crate) struct BatchBody<'a> {
    /// In the order of the files.
    results: Vec<Outcome<'a>>,
}

/// A prediction or an error.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = FileResult)]
pub(crate) enum Outcome<'a> {
    Recognized(RecognitionBody<'a>),
    Channels(SelectedBody<'a>),
    Failed(FailedBody<'a>),
}

/// Query parameters.
struct Params {
    model: Option<String>,
    strict: Option<bool>,
    channels: ChannelSelection,
    embedding: bool,
}

impl Params {
    fn parse(uri: &Uri) -> Result<Self, ApiError> {
        let query = QueryParams::parse(uri, &["model", "strict", "channels", "embedding"])?;
        Ok(Self {
            model: query.text("model").map(str::to_owned),
            strict: query.flag("strict")?,
            channels: query.channels()?,
            embedding: query.flag("embedding")?.unwrap_or_default(),
        })
    }
}

pub(super) async fn batch(State(app): State<SharedState>, request: Request) -> Response {
    let params = Params::parse(request.uri());
    let client = ClientIdentity::of(request.extensions());
    let mut body = BodyReader::new(request, &app, client);
    let outcome = recognize_files(&app, params, client, &mut body).await;
    body.respond(outcome).await
}

async fn recognize_files(
    app: &SharedState,
    params: Result<Params, ApiError>,
    client: Option<ClientId>,
    body: &mut BodyReader,
) -> Result<Response, ApiError> {
    let Params { model, strict, channels, embedding } = params?;
    let strict = strict.unwrap_or(app.strict);
    app.model(model.as_deref())?;
    if channels != ChannelSelection::Mix {
        let job = ChannelsJob { model, strict, channels, embedding };
        return recognize_channels_of_files(app, job, client, body).await;
    }
    let mut quota = app.quotas.acquire(client, Resource::Recordings, 1)?;
    if app.recordings.available_permits() == 0 {
        return Err(ApiError::overloaded("too many recordings are waiting"));
    }
    let recordings = body.recordings(app.limits.max_batch_files).await?;
    // Never more than the limits allow at all: such a batch could never succeed.
    let limits = &app.limits;
    let most = MAX_CONCURRENT.min(limits.max_recordings).min(limits.client_recordings).max(1);
    let at_once = recordings.len().min(most);
    quota.extend(at_once.saturating_sub(1))?;
    let _permit = app.admit(at_once)?;
    let _counted = GaugeGuard::new(&app.metrics.recordings);
    // One model for all files, even if the models are reloaded meanwhile.
    let model = app.model(model.as_deref())?;
    let mut outcomes: Vec<Result<Recognized, ApiError>> = Vec::with_capacity(recordings.len());
    for chunk in recordings.chunks(at_once.max(1)) {
        let chunk = chunk.iter().map(|recording| {
            let Recording { bytes, .. } = recording.clone();
            let recognition = app.compute.clip(model.clone(), bytes, strict, embedding);
            with_timeout(app.limits.response_timeout, recognition)
        });
        outcomes.extend(join_all(chunk).await);
    }
    let info = model.info();
    let lines =
        recordings.iter().zip(&outcomes).map(|(Recording { name, .. }, outcome)| match outcome {
            Ok((recognition, embedding)) => {
                app.metrics.audio_processed(recognition.duration_s);
                let body = RecognitionBody::new(name, recognition, model.labels(), &info.name);
                let body = body.with_dimensions(recognition, &info.dimensions);
                Outcome::Recognized(body.with_embedding(embedding.clone()))
            }
            Err(error) => Outcome::Failed(FailedBody::new(name, error)),
        });
    Ok(json(StatusCode::OK, &BatchBody { results: lines.collect() }))
}

/// How the channels of files are recognised.
struct ChannelsJob {
    model: Option<String>,
    strict: bool,
    channels: ChannelSelection,
    embedding: bool,
}

/// The channels of the files, one file after the other: the batch counts as one recording.
async fn recognize_channels_of_files(
    app: &SharedState,
    job: ChannelsJob,
    client: Option<ClientId>,
    body: &mut BodyReader,
) -> Result<Response, ApiError> {
    let ChannelsJob { model, strict, channels, embedding } = job;
    let _quota = app.quotas.acquire(client, Resource::Timelines, 1)?;
    if app.timelines.available_permits() == 0 {
        return Err(ApiError::overloaded("too many recordings are waiting"));
    }
    let recordings = body.recordings(app.limits.max_batch_files).await?;
    let _permit = app.admit_timeline()?;
    let model = app.model(model.as_deref())?;
    let mut outcomes = Vec::with_capacity(recordings.len());
    for recording in &recordings {
        let found = recognize_channels(app, &model, recording, channels, strict, embedding);
        outcomes.push(found.await);
    }
    let lines =
        recordings.iter().zip(&outcomes).map(|(Recording { name, .. }, outcome)| match outcome {
            Ok(found) => Outcome::Channels(SelectedBody::new(name, found, channels, &model)),
            Err(error) => Outcome::Failed(FailedBody::new(name, error)),
        });
    Ok(json(StatusCode::OK, &BatchBody { results: lines.collect() }))
}
