//! Health, models, metrics and the API description.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use clstm::Score;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

use crate::api_error::{ApiError, ErrorKind};
use crate::response::json;
use crate::state::SharedState;

/// The API description.
static OPENAPI: LazyLock<OpenApi> = LazyLock::new(crate::openapi::document);

/// The state of the server.
#[derive(Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusBody {
    status: &'static str,
}

/// Names of models.
#[derive(Serialize, ToSchema)]
#[schema(as = Names)]
pub(crate) struct NamesBody {
    models: Vec<String>,
}

/// The models.
#[derive(Serialize, ToSchema)]
#[schema(as = Models)]
pub(crate) struct ModelsBody<'a> {
    models: Vec<Model<'a>>,
}

/// A model.
#[derive(Serialize, ToSchema)]
pub(crate) struct Model<'a> {
    name: &'a str,
    default: bool,
    labels: &'a [String],
    /// Continuous targets, such as arousal, with their ranges; empty for most models.
    dimensions: Vec<Dimension<'a>>,
    /// Sample rate in Hz.
    sample_rate: u32,
    /// SHA-256 of the weights and their description.
    digest: &'a str,
    /// The confidence below which the model's calibration recommends to abstain.
    #[schema(required)]
    abstention: Option<f64>,
    corpus: &'a str,
    /// Scores of cross-validations, as in the model file.
    #[schema(value_type = Vec<Object>)]
    scores: &'a [Score],
    license: &'a str,
    description: &'a str,
}

/// A continuous target.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dimension<'a> {
    name: &'a str,
    /// No prediction is smaller.
    min: f64,
    /// No prediction is larger.
    max: f64,
}

pub(super) async fn health() -> Response {
    json(StatusCode::OK, &StatusBody { status: "ok" })
}

pub(super) async fn ready(State(app): State<SharedState>) -> Response {
    if *app.ending.borrow() {
        return ApiError::shutting_down().into_response();
    }
    json(StatusCode::OK, &StatusBody { status: "ready" })
}

pub(super) async fn models(State(app): State<SharedState>) -> Response {
    let all = app.models.all();
    let models = all.iter().enumerate().map(|(i, model)| {
        let info = model.info();
        Model {
            name: &info.name,
            default: i == 0,
            labels: model.labels(),
            dimensions: info
                .dimensions
                .iter()
                .map(|it| Dimension { name: &it.name, min: it.min, max: it.max })
                .collect(),
            sample_rate: info.frontend.sample_rate,
            digest: model.recognizer.digest(),
            abstention: info.calibration.as_ref().and_then(|c| Some(c.abstention?.threshold)),
            corpus: &info.training.corpus,
            scores: &info.training.scores,
            license: &info.license,
            description: &info.description,
        }
    });
    json(StatusCode::OK, &ModelsBody { models: models.collect() })
}

/// Requires API keys: without them every client that reaches the port could trigger reloads.
pub(super) async fn reload(State(app): State<SharedState>) -> Response {
    if app.keys.is_none() {
        let message = "without API keys, models are reloaded by the signal SIGHUP only";
        return ApiError::new(ErrorKind::Forbidden, message).into_response();
    }
    match app.reload().await {
        Ok(models) => json(StatusCode::OK, &NamesBody { models }),
        Err(error) => {
            tracing::error!("models not reloaded, the old ones stay: {error}");
            let message = format!("models not reloaded, the old ones stay: {error}");
            let kind = ErrorKind::Library(StatusCode::INTERNAL_SERVER_ERROR, error.kind());
            ApiError::new(kind, message).into_response()
        }
    }
}

pub(super) async fn metrics(State(app): State<SharedState>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

pub(super) async fn openapi() -> Response {
    json(StatusCode::OK, &*OPENAPI)
}
