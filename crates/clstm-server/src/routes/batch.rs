//! `POST /v1/batch`: several recordings in one form.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clstm::Recognition;
use futures_util::future::join_all;
use serde::Serialize;

use super::guard::Asking;
use super::recognize::in_time;
use crate::app::Shared;
use crate::intake::{Intake, Recording};
use crate::metrics::Counted;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::share::{Client, What};
use crate::wire::{ErrorLine, Line, json};

/// Recordings of a batch that are worked on at once: as many as are recognised together.
const AT_ONCE: usize = 16;

#[derive(Serialize)]
struct Document<'a> {
    /// In the order of the files.
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    Heard(Line<'a>),
    Failed(ErrorLine<'a>),
}

pub(super) async fn batch(State(app): State<Shared>, request: Request) -> Response {
    let query = Query::parse(request.uri(), &["model"]);
    let client = Asking::of(request.extensions());
    let mut intake = Intake::new(request, &app, client);
    let outcome = answer(&app, query, client, &mut intake).await;
    intake.respond(outcome).await
}

async fn answer(
    app: &Shared,
    query: Result<Query, Refusal>,
    client: Option<Client>,
    intake: &mut Intake,
) -> Result<Response, Refusal> {
    let query = query?;
    app.model(query.text("model"))?;
    let mut share = app.shares.take(client, What::Recordings, 1)?;
    if app.recordings.available_permits() == 0 {
        return Err(Refusal::overloaded("too many recordings wait already"));
    }
    let recordings = intake.recordings(app.limits.max_batch_files).await?;
    // Never more than there can be room for: it would be refused for ever.
    let limits = &app.limits;
    let most = AT_ONCE.min(limits.max_recordings).min(limits.client_recordings).max(1);
    let at_once = recordings.len().min(most);
    share.grow(at_once.saturating_sub(1))?;
    let _room = app.admit(at_once)?;
    let _counted = Counted::new(&app.metrics.recordings);
    // One model for all of them, also when the models are exchanged meanwhile.
    let served = app.model(query.text("model"))?;
    let mut outcomes: Vec<Result<Recognition, Refusal>> = Vec::with_capacity(recordings.len());
    for together in recordings.chunks(at_once.max(1)) {
        let heard = together.iter().map(|recording| {
            let Recording { bytes, .. } = recording.clone();
            in_time(app.limits.answer_timeout, app.compute.recognize(served.clone(), bytes))
        });
        outcomes.extend(join_all(heard).await);
    }
    let info = served.info();
    let lines =
        recordings.iter().zip(&outcomes).map(|(Recording { name, .. }, outcome)| match outcome {
            Ok(heard) => {
                app.metrics.heard(heard.duration_s);
                Outcome::Heard(Line::new(name, heard, &info.labels, &info.name))
            }
            Err(refusal) => Outcome::Failed(ErrorLine::new(name, refusal)),
        });
    Ok(json(StatusCode::OK, &Document { results: lines.collect() }))
}
