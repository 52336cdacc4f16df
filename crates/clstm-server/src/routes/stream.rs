//! `GET /v1/stream`: live sound in over a WebSocket, what is heard out.
//!
//! One task holds a stream: it takes a message, has a worker hear it, and sends what was heard before it
//! takes the next. A client that sends faster than that waits; one that does not read is closed
//! ([`Limits::write_timeout`](crate::Limits::write_timeout)). Nothing piles up in between.

mod sound;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use clstm::audio::AudioError;
use clstm::{Event, Stream, StreamError};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::guard::Asking;
use crate::app::{App, Shared};
use crate::metrics::Counted;
use crate::models::Served;
use crate::refusal::Refusal;
use crate::share::{Client, What};
use crate::wire;
use sound::{Asked, Samples};

/// The protocol that pages name, which bring their key as another one.
const PROTOCOL: &str = "clstm.v1";

/// How long a client may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// The first message to the client.
#[derive(Serialize)]
struct Ready<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    model: &'a str,
    labels: &'a [String],
    rate: u32,
    hop_s: f64,
    /// How far answers lag behind the end of their moment, besides the time of computing.
    latency_s: f64,
}

/// The last message to the client.
#[derive(Serialize)]
struct End {
    #[serde(rename = "type")]
    kind: &'static str,
    duration_s: f64,
}

#[derive(Serialize)]
struct Failed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    body: crate::refusal::ErrorBody<'a>,
}

/// What a client may say besides sound.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    end: bool,
}

/// Why a stream is over before its end.
enum Stop {
    Refused(Refusal),
    /// The client has gone.
    Gone,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What travels to a worker and back.
struct Voice {
    stream: Stream,
    samples: Samples,
    events: Vec<Event>,
}

struct Session {
    app: Arc<App>,
    served: Arc<Served>,
    asked: Asked,
    /// `None` only while a worker has it.
    voice: Option<Voice>,
    heard_s: f64,
}

pub(super) async fn stream(
    State(app): State<Shared>,
    Extension(Asking(client)): Extension<Asking>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    open(app, client, &uri, &headers, upgrade).await.unwrap_or_else(IntoResponse::into_response)
}

async fn open(
    app: Shared,
    client: Option<Client>,
    uri: &Uri,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    check_origin(&app, headers)?;
    let asked = Asked::parse(uri)?;
    let upgrade = upgrade.map_err(|rejection| {
        Refusal::new(rejection.status(), "websocket", rejection.body_text())
    })?;
    // Held to the end: the server waits for it.
    let unfinished: mpsc::Sender<()> = match app.unfinished.upgrade() {
        Some(unfinished) if !*app.ending.borrow() => unfinished,
        _ => return Err(Refusal::shutting_down()),
    };
    let share = app.shares.take(client, What::Streams, 1)?;
    let room = app.admit_stream()?;
    let counted = Counted::new(&app.metrics.streams);
    let served = app.model(asked.model.as_deref())?;
    let (recognizer, rate, config) = (served.recognizer.clone(), asked.rate, asked.config.clone());
    let stream = app.compute.live(move || Stream::new(&recognizer, rate, &config)).await??;
    let voice = Voice { stream, samples: Samples::new(asked.format), events: Vec::new() };
    let largest = app.limits.max_message_bytes;
    let session = Session { app, served, asked, voice: Some(voice), heard_s: 0.0 };
    let upgrade = upgrade.max_message_size(largest).max_frame_size(largest).protocols([PROTOCOL]);
    Ok(upgrade.on_upgrade(move |socket| async move {
        session.run(socket).await;
        drop((share, room, counted, unfinished));
    }))
}

/// Browsers let any page open a WebSocket to anywhere, and say only which one it was.
fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").is_some_and(|(_, from)| Some(from) == host);
    if own || app.origins.iter().any(|allowed| allowed == "*" || allowed == origin) {
        return Ok(());
    }
    let message = format!("pages of {origin} may not stream here; see --cors");
    Err(Refusal::new(StatusCode::FORBIDDEN, "origin", message))
}

impl Session {
    async fn run(mut self, mut socket: WebSocket) {
        let (code, reason) = match self.hear(&mut socket).await {
            Ok(code) => (code, Utf8Bytes::from_static("")),
            Err(Stop::Gone) => return,
            Err(Stop::Refused(refusal)) => {
                self.app.metrics.refused(refusal.kind);
                let failed = Failed { kind: "error", body: refusal.body() };
                if send(&mut socket, &failed).await.is_err() {
                    return;
                }
                let code = match refusal.status {
                    status if status.is_server_error() => close_code::ERROR,
                    _ => close_code::POLICY,
                };
                (code, Utf8Bytes::from_static(refusal.kind))
            }
        };
        if socket.send(Message::Close(Some(CloseFrame { code, reason }))).await.is_ok() {
            // What is still on the way to here must not cut off what is on the way to there.
            let _ =
                timeout(GOODBYE, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
        }
    }

    /// Hears the stream to its end; the code to close with.
    async fn hear(&mut self, socket: &mut WebSocket) -> Result<u16, Stop> {
        let info = self.served.info();
        let latency_s = self.voice.as_ref().map_or(0.0, |voice| voice.stream.latency_s());
        let (rate, hop_s) = (self.asked.rate, self.asked.config.hop_s);
        let (model, labels) = (info.name.as_str(), info.labels.as_slice());
        send(socket, &Ready { kind: "ready", model, labels, rate, hop_s, latency_s }).await?;
        let ended = self.app.ended();
        tokio::pin!(ended);
        let limits = self.app.limits.clone();
        // A client that sends sound slower than it passes does not stay longer for it.
        let last = Duration::try_from_secs_f64(limits.max_stream_s).ok();
        let last = last.and_then(|longest| Instant::now().checked_add(longest));
        // Put off by sound alone: greetings are none.
        let mut until = Instant::now() + limits.stream_timeout;
        loop {
            let next = last.map_or(until, |last| last.min(until));
            let message = tokio::select! {
                biased;
                () = &mut ended => {
                    self.finish(socket).await?;
                    return Ok(close_code::AWAY);
                }
                message = timeout_at(next, socket.recv()) => message,
            };
            match message {
                Err(_) if next < until => return Err(self.too_long().into()),
                Err(_) => {
                    let message = "no sound came for too long; the stream is closed";
                    return Err(
                        Refusal::new(StatusCode::REQUEST_TIMEOUT, "timeout", message).into()
                    );
                }
                Ok(None | Some(Ok(Message::Close(_)))) => return Err(Stop::Gone),
                Ok(Some(Err(error))) => {
                    // Too large a message, or none at all; where the client has gone it does not hear of it.
                    return Err(Refusal::request(error.to_string()).into());
                }
                Ok(Some(Ok(Message::Binary(bytes)))) => {
                    let before = self.heard_s;
                    self.work(socket, move |voice| {
                        let Voice { stream, samples, events } = voice;
                        stream.push(samples.of(&bytes)?, events)
                    })
                    .await?;
                    if self.heard_s > limits.max_stream_s {
                        return Err(self.too_long().into());
                    }
                    if self.heard_s > before {
                        until = Instant::now() + limits.stream_timeout;
                    }
                }
                Ok(Some(Ok(Message::Text(text)))) => match serde_json::from_str(&text) {
                    Ok(Word { end: true }) => {
                        self.finish(socket).await?;
                        return Ok(close_code::NORMAL);
                    }
                    _ => {
                        let message =
                            "a text message is {\"end\": true}; sound comes in binary ones";
                        return Err(Refusal::request(message).into());
                    }
                },
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            }
        }
    }

    fn too_long(&self) -> Refusal {
        AudioError::TooLong { limit_s: self.app.limits.max_stream_s }.into()
    }

    async fn finish(&mut self, socket: &mut WebSocket) -> Result<(), Stop> {
        self.work(socket, |voice| voice.stream.finish(&mut voice.events)).await?;
        send(socket, &End { kind: "end", duration_s: self.heard_s }).await
    }

    /// Has a worker do it, and sends what was heard.
    async fn work(
        &mut self,
        socket: &mut WebSocket,
        work: impl FnOnce(&mut Voice) -> Result<(), StreamError> + Send + 'static,
    ) -> Result<(), Stop> {
        let Some(mut voice) = self.voice.take() else { return Err(Refusal::internal().into()) };
        let before = voice.samples.taken();
        let worked = self.app.compute.live(move || {
            let outcome = work(&mut voice);
            (voice, outcome)
        });
        let (mut voice, outcome) = worked.await?;
        let new_s = (voice.samples.taken() - before) as f64 / f64::from(self.asked.rate);
        self.heard_s += new_s;
        self.app.metrics.heard(new_s);
        for event in voice.events.drain(..) {
            if let Some(message) = wire::message(event, &self.served.info().labels) {
                socket.send(Message::Text(message.into())).await.map_err(|_| Stop::Gone)?;
            }
        }
        self.voice = Some(voice);
        outcome.map_err(|error| Refusal::from(error).into())
    }
}

async fn send(socket: &mut WebSocket, value: &impl Serialize) -> Result<(), Stop> {
    let text = serde_json::to_string(value).map_err(|_| Stop::Gone)?;
    socket.send(Message::Text(text.into())).await.map_err(|_| Stop::Gone)
}
