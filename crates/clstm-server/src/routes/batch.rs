//! `POST /v1/batch`: several recordings in one form.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clstm::Recognition;
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::middleware::ClientIdentity;
use super::recognize::with_timeout;
use crate::api_error::ApiError;
use crate::body::{BodyReader, Recording};
use crate::metrics::GaugeGuard;
use crate::query::QueryParams;
use crate::quota::{ClientId, Resource};
use crate::response::{FailedBody, RecognitionBody, json};
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
    Failed(FailedBody<'a>),
}

pub(super) async fn batch(State(app): State<SharedState>, request: Request) -> Response {
    let query = QueryParams::parse(request.uri(), &["model", "strict"]);
    let client = ClientIdentity::of(request.extensions());
    let mut body = BodyReader::new(request, &app, client);
    let outcome = recognize_files(&app, query, client, &mut body).await;
    body.respond(outcome).await
}

async fn recognize_files(
    app: &SharedState,
    query: Result<QueryParams, ApiError>,
    client: Option<ClientId>,
    body: &mut BodyReader,
) -> Result<Response, ApiError> {
    let query = query?;
    let strict = query.flag("strict")?.unwrap_or(app.strict);
    app.model(query.text("model"))?;
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
    let model = app.model(query.text("model"))?;
    let mut outcomes: Vec<Result<Recognition, ApiError>> = Vec::with_capacity(recordings.len());
    for chunk in recordings.chunks(at_once.max(1)) {
        let chunk = chunk.iter().map(|recording| {
            let Recording { bytes, .. } = recording.clone();
            let recognition = app.compute.recognize(model.clone(), bytes, strict);
            with_timeout(app.limits.response_timeout, recognition)
        });
        outcomes.extend(join_all(chunk).await);
    }
    let info = model.info();
    let lines =
        recordings.iter().zip(&outcomes).map(|(Recording { name, .. }, outcome)| match outcome {
            Ok(recognition) => {
                app.metrics.audio_processed(recognition.duration_s);
                let body = RecognitionBody::new(name, recognition, model.labels(), &info.name);
                Outcome::Recognized(body.with_dimensions(recognition, &info.dimensions))
            }
            Err(error) => Outcome::Failed(FailedBody::new(name, error)),
        });
    Ok(json(StatusCode::OK, &BatchBody { results: lines.collect() }))
}
