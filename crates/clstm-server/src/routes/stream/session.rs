//! An open stream.
//!
//! One task per stream receives a message, has a compute thread process it, and sends the events before it
//! receives the next message. A client that sends faster is slowed down by TCP; a client that does not read is
//! disconnected ([`Limits::write_timeout`](crate::Limits::write_timeout)). Nothing accumulates in between.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use clstm::audio::AudioError;
use clstm::{ChannelEvent, ChannelSelection, ChannelStream, StreamError};
use tokio::time::{Instant, timeout, timeout_at};

use super::input::{Params, SampleReader};
use super::messages::{ControlMessage, ServerMessage, event_json};
use crate::api_error::{ApiError, ErrorKind};
use crate::models::LoadedModel;
use crate::state::AppState;

/// How long the server waits for the client's close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes of a container that are decoded at once. A packet of Opus may have one byte and last 120 ms: 4 KiB of such
/// packets are 50 MB of samples, a whole message would be gigabytes.
const PIECE_BYTES: usize = 4 << 10;

/// Why a stream ends early.
enum Stop {
    Failed(ApiError),
    Disconnected,
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

/// What moves to a compute thread and back.
pub(super) struct StreamState {
    stream: ChannelStream,
    samples: SampleReader,
    events: Vec<ChannelEvent>,
}

impl StreamState {
    pub(super) fn new(stream: ChannelStream, samples: SampleReader) -> Self {
        Self { stream, samples, events: Vec::new() }
    }

    /// Processes a message, up to `most_s` seconds of the stream.
    fn push(&mut self, message: &[u8], most_s: f64) -> Result<(), StreamError> {
        let mut rest = message;
        while !rest.is_empty() && self.received_s() <= most_s {
            let most = if self.samples.is_raw() { rest.len() } else { PIECE_BYTES };
            let (piece, more) = rest.split_at(rest.len().min(most));
            rest = more;
            let Self { stream, samples, events } = self;
            samples.read(piece, &mut |block, channels, rate| {
                stream.push(block, channels, rate, events)
            })?;
        }
        Ok(())
    }

    /// Processes what is left at the end.
    fn finish(&mut self) -> Result<(), StreamError> {
        let Self { stream, samples, events } = self;
        samples.finish(&mut |block, channels, rate| stream.push(block, channels, rate, events))?;
        stream.finish(events)
    }

    /// Seconds of audio that arrived.
    fn received_s(&self) -> f64 {
        self.samples.count() as f64 / f64::from(self.stream.sample_rate())
    }
}

pub(super) struct Session {
    app: Arc<AppState>,
    model: Arc<LoadedModel>,
    params: Params,
    /// `None` while a compute thread has it.
    state: Option<StreamState>,
    received_s: f64,
}

impl Session {
    pub(super) fn new(
        app: Arc<AppState>,
        model: Arc<LoadedModel>,
        params: Params,
        state: StreamState,
    ) -> Self {
        Self { app, model, params, state: Some(state), received_s: 0.0 }
    }

    pub(super) async fn run(mut self, mut socket: WebSocket) {
        let (code, reason) = match self.process(&mut socket).await {
            Ok(code) => (code, Utf8Bytes::from_static("")),
            Err(Stop::Disconnected) => return,
            Err(Stop::Failed(error)) => {
                self.app.metrics.error(error.word());
                if send(&mut socket, &ServerMessage::Error(error.body())).await.is_err() {
                    return;
                }
                let code = match error.status() {
                    status if status.is_server_error() => close_code::ERROR,
                    _ => close_code::POLICY,
                };
                (code, Utf8Bytes::from_static(error.word()))
            }
        };
        if socket.send(Message::Close(Some(CloseFrame { code, reason }))).await.is_ok() {
            // Closing with unread bytes would reset the connection before the client reads the last messages.
            let drained = async { while let Some(Ok(_)) = socket.recv().await {} };
            let _ = timeout(CLOSE_TIMEOUT, drained).await;
        }
    }

    /// Processes the stream until it ends; returns the close code.
    async fn process(&mut self, socket: &mut WebSocket) -> Result<u16, Stop> {
        self.send_ready(socket).await?;
        let ended = self.app.ended();
        tokio::pin!(ended);
        let limits = self.app.limits.clone();
        // A client that sends slower than real time may not stay longer.
        let stream_end = Duration::try_from_secs_f64(limits.max_stream_s).ok();
        let stream_end = stream_end.and_then(|longest| Instant::now().checked_add(longest));
        // Extended by audio only; pings do not count.
        let mut idle_end = Instant::now() + limits.stream_timeout;
        loop {
            let deadline = stream_end.map_or(idle_end, |end| end.min(idle_end));
            let message = tokio::select! {
                biased;
                () = &mut ended => {
                    self.finish(socket).await?;
                    return Ok(close_code::AWAY);
                }
                message = timeout_at(deadline, socket.recv()) => message,
            };
            match message {
                Err(_) if deadline < idle_end => return Err(self.too_long().into()),
                Err(_) => {
                    let message = "no audio arrived in time; the stream is closed";
                    return Err(ApiError::new(ErrorKind::ClientTimeout, message).into());
                }
                Ok(None | Some(Ok(Message::Close(_)))) => return Err(Stop::Disconnected),
                // An invalid or too large message. If the client is gone, sending the error fails.
                Ok(Some(Err(error))) => return Err(ApiError::request(error.to_string()).into()),
                Ok(Some(Ok(Message::Binary(bytes)))) => {
                    let before = self.received_s;
                    let most_s = limits.max_stream_s;
                    self.compute(socket, move |state| state.push(&bytes, most_s)).await?;
                    if self.received_s > limits.max_stream_s {
                        return Err(self.too_long().into());
                    }
                    if self.received_s > before {
                        idle_end = Instant::now() + limits.stream_timeout;
                    }
                }
                Ok(Some(Ok(Message::Text(text)))) => match serde_json::from_str(&text) {
                    Ok(ControlMessage { end: true }) => {
                        self.finish(socket).await?;
                        return Ok(close_code::NORMAL);
                    }
                    _ => {
                        let message = "the only text message is {\"end\": true}; send audio in binary messages";
                        return Err(ApiError::request(message).into());
                    }
                },
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
            }
        }
    }

    async fn send_ready(&self, socket: &mut WebSocket) -> Result<(), Stop> {
        let info = self.model.info();
        let ready = ServerMessage::Ready {
            model: &info.name,
            labels: self.model.labels(),
            dimensions: info.dimensions.iter().map(|it| it.name.as_str()).collect(),
            rate: self.params.rate,
            hop_s: self.params.config.hop_s,
            latency_s: self.state.as_ref().map_or(0.0, |state| state.stream.latency_s()),
        };
        send(socket, &ready).await
    }

    fn too_long(&self) -> ApiError {
        AudioError::TooLong { limit_s: self.app.limits.max_stream_s }.into()
    }

    async fn finish(&mut self, socket: &mut WebSocket) -> Result<(), Stop> {
        self.compute(socket, StreamState::finish).await?;
        let damaged = self.state.as_ref().and_then(|state| state.samples.damage());
        send(socket, &ServerMessage::End { duration_s: self.received_s, damaged }).await
    }

    /// Runs `work` on a compute thread and sends the events that it produced.
    async fn compute(
        &mut self,
        socket: &mut WebSocket,
        work: impl FnOnce(&mut StreamState) -> Result<(), StreamError> + Send + 'static,
    ) -> Result<(), Stop> {
        let Some(mut state) = self.state.take() else { return Err(ApiError::internal().into()) };
        let worked = self.app.compute.run_live(move || {
            let outcome = work(&mut state);
            (state, outcome)
        });
        let (mut state, outcome) = worked.await?;
        let before_s = std::mem::replace(&mut self.received_s, state.received_s());
        let processed_s = (self.received_s - before_s) * state.stream.channels() as f64;
        self.app.metrics.audio_processed(processed_s);
        let mix = self.params.channels == ChannelSelection::Mix;
        for event in state.events.drain(..) {
            let (labels, dimensions) = (self.model.labels(), &self.model.info().dimensions);
            let message = event_json(event, mix, labels, dimensions);
            let message = message.map_err(|_| ApiError::internal())?;
            socket.send(Message::Text(message.into())).await.map_err(|_| Stop::Disconnected)?;
        }
        self.state = Some(state);
        outcome.map_err(|error| ApiError::from(error).into())
    }
}

async fn send(socket: &mut WebSocket, message: &ServerMessage<'_>) -> Result<(), Stop> {
    let text = serde_json::to_string(message).map_err(|_| Stop::Failed(ApiError::internal()))?;
    socket.send(Message::Text(text.into())).await.map_err(|_| Stop::Disconnected)
}
