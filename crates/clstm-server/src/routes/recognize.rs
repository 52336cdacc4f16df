//! `POST /v1/recognize`: one recording, as a whole or along its time.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use clstm::{Event, LabelledItem, StreamConfig, TimelineItem};
use serde::Serialize;
use tokio::time::timeout;

use super::guard::Asking;
use crate::app::{App, Shared};
use crate::compute::TimelineRequest;
use crate::intake::{Intake, Recording};
use crate::metrics::Counted;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::share::{Client, What};
use crate::wire::{Line, json};

/// What a timeline is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sections,
    Moments,
    Both,
}

/// What was asked for.
struct Asked {
    model: Option<String>,
    timeline: Option<(Kind, StreamConfig)>,
}

/// The timeline of a recording.
#[derive(Serialize)]
struct Document<'a> {
    path: &'a str,
    duration_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sections: Option<Vec<LabelledItem<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moments: Option<Vec<LabelledItem<'a>>>,
    model: &'a str,
}

pub(super) async fn recognize(State(app): State<Shared>, request: Request) -> Response {
    let asked = asked(&request);
    let client = Asking::of(request.extensions());
    let mut intake = Intake::new(request, &app, client);
    let outcome = answer(&app, asked, client, &mut intake).await;
    intake.respond(outcome).await
}

fn asked(request: &Request) -> Result<Asked, Refusal> {
    let query = Query::parse(request.uri(), &["model", "timeline", "hop", "window"])?;
    let kind = match query.text("timeline") {
        None => None,
        Some("sections") => Some(Kind::Sections),
        Some("moments") => Some(Kind::Moments),
        Some("both") => Some(Kind::Both),
        Some(other) => {
            let message =
                format!("timeline={other} is neither `sections` nor `moments` nor `both`");
            return Err(Refusal::request(message));
        }
    };
    let (hop, window) = (query.number("hop")?, query.number("window")?);
    if kind.is_none() && (hop.is_some() || window.is_some()) {
        return Err(Refusal::request("hop and window are for timelines: add timeline=sections"));
    }
    let recording = StreamConfig::recording();
    let config =
        StreamConfig { hop_s: hop.unwrap_or(recording.hop_s), window_s: window, ..recording };
    let model = query.text("model").map(str::to_owned);
    Ok(Asked { model, timeline: kind.map(|kind| (kind, config)) })
}

async fn answer(
    app: &Shared,
    asked: Result<Asked, Refusal>,
    client: Option<Client>,
    intake: &mut Intake,
) -> Result<Response, Refusal> {
    let Asked { model, timeline } = asked?;
    app.model(model.as_deref())?;
    let (what, full) = match timeline {
        None => (What::Recordings, &app.recordings),
        Some(_) => (What::Timelines, &app.timelines),
    };
    let _share = app.shares.take(client, what, 1)?;
    // Where there is no room now, there is none to keep the body in either.
    if full.available_permits() == 0 {
        return Err(Refusal::overloaded("too many recordings wait already"));
    }
    let mut recordings = intake.recordings(1).await?;
    let Some(recording) = recordings.pop() else { return Err(Refusal::internal()) };
    match timeline {
        None => {
            let (_room, _counted) = (app.admit(1)?, Counted::new(&app.metrics.recordings));
            whole(app, model.as_deref(), recording).await
        }
        Some((kind, config)) => {
            let _room = app.admit_timeline()?;
            along(app, model.as_deref(), recording, kind, config).await
        }
    }
}

async fn whole(app: &App, model: Option<&str>, recording: Recording) -> Result<Response, Refusal> {
    let served = app.model(model)?;
    let heard = app.compute.recognize(served.clone(), recording.bytes);
    let heard = in_time(app.limits.answer_timeout, heard).await?;
    app.metrics.heard(heard.duration_s);
    let info = served.info();
    let line = Line::new(&recording.name, &heard, &info.labels, &info.name);
    Ok(json(StatusCode::OK, &line))
}

async fn along(
    app: &App,
    model: Option<&str>,
    recording: Recording,
    kind: Kind,
    config: StreamConfig,
) -> Result<Response, Refusal> {
    let served = app.model(model)?;
    let limits = app.limits.decoding(app.limits.max_timeline_s);
    let request =
        TimelineRequest { served: served.clone(), bytes: recording.bytes, limits, config };
    let timeline = in_time(app.limits.answer_timeout, app.compute.timeline(request)).await?;
    app.metrics.heard(timeline.duration_s);
    let info = served.info();
    let (moments, sections): (Vec<Event>, Vec<Event>) =
        timeline.events.into_iter().partition(|event| matches!(event, Event::Frame(_)));
    let [sections, moments] = [sections, moments]
        .map(|events| events.into_iter().map(TimelineItem::from).collect::<Vec<_>>());
    let sections = labelled(&sections, &info.labels, kind != Kind::Moments);
    let moments = labelled(&moments, &info.labels, kind != Kind::Sections);
    let (path, duration_s) = (recording.name.as_str(), timeline.duration_s);
    Ok(json(StatusCode::OK, &Document { path, duration_s, sections, moments, model: &info.name }))
}

/// Stretches as they are written, if they are asked for.
fn labelled<'a>(
    stretches: &'a [TimelineItem],
    labels: &'a [String],
    asked: bool,
) -> Option<Vec<LabelledItem<'a>>> {
    asked.then(|| stretches.iter().map(|stretch| stretch.labelled(labels)).collect())
}

/// Gives up what takes too long.
pub(super) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    timeout(limit, answer).await.unwrap_or_else(|_| {
        let message = "the answer took too long; send shorter recordings, or come again later";
        Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message))
    })
}
