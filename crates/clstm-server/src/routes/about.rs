//! What the server says of itself.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use clstm::Score;
use serde::Serialize;

use crate::app::Shared;
use crate::refusal::Refusal;
use crate::wire::json;

/// Tested against the routes.
const OPENAPI: &str = include_str!("../openapi.json");

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

#[derive(Serialize)]
struct Names {
    models: Vec<String>,
}

#[derive(Serialize)]
struct List<'a> {
    models: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    default: bool,
    labels: &'a [String],
    sample_rate: u32,
    /// SHA-256 of the weights and their description.
    digest: &'a str,
    /// The confidence below which it is better not to rely on an answer.
    abstention: Option<f64>,
    corpus: &'a str,
    scores: &'a [Score],
    license: &'a str,
    description: &'a str,
}

pub(super) async fn health() -> Response {
    json(StatusCode::OK, &Status { status: "ok" })
}

pub(super) async fn ready(State(app): State<Shared>) -> Response {
    if *app.ending.borrow() {
        return Refusal::shutting_down().into_response();
    }
    json(StatusCode::OK, &Status { status: "ready" })
}

pub(super) async fn models(State(app): State<Shared>) -> Response {
    let all = app.models.all();
    let models = all.iter().enumerate().map(|(i, served)| {
        let info = served.info();
        Model {
            name: &info.name,
            default: i == 0,
            labels: &info.labels,
            sample_rate: info.frontend.sample_rate,
            digest: served.recognizer.digest(),
            abstention: info.calibration.as_ref().and_then(|c| Some(c.abstention?.threshold)),
            corpus: &info.training.corpus,
            scores: &info.training.scores,
            license: &info.license,
            description: &info.description,
        }
    });
    json(StatusCode::OK, &List { models: models.collect() })
}

/// Only with a key: whoever may ask for answers need not be the one who decides which model gives them, but
/// nobody at all is nobody.
pub(super) async fn reload(State(app): State<Shared>) -> Response {
    if app.keys.is_none() {
        let message = "without keys the models are reloaded by the signal SIGHUP alone";
        return Refusal::new(StatusCode::FORBIDDEN, "forbidden", message).into_response();
    }
    match app.reload().await {
        Ok(models) => json(StatusCode::OK, &Names { models }),
        Err(error) => {
            log::error!("the models stay as they are: {error}");
            let message = format!("the models stay as they are: {error}");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.kind(), message).into_response()
        }
    }
}

pub(super) async fn metrics(State(app): State<Shared>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
