//! `GET /v1/stream`: live audio in over a WebSocket, predictions out.

mod input;
mod messages;
mod session;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use clstm::ChannelStream;
use tokio::sync::mpsc;

use super::middleware::ClientIdentity;
use crate::api_error::{ApiError, ErrorKind};
use crate::metrics::GaugeGuard;
use crate::quota::{ClientId, Resource};
use crate::state::SharedState;
use input::{Params, SampleReader};
use session::{Session, StreamState};

pub(crate) use messages::ServerMessage;

/// The subprotocol that pages name; they send their API key as another one.
const PROTOCOL: &str = "clstm.v1";

/// Size from which the WebSocket writes its buffer to the connection, in bytes.
const WRITE_BUFFER: usize = 16 << 10;

/// Maximum size of the WebSocket's write buffer, in bytes. A client that does not read fills it with its own
/// pongs; then the stream is closed.
const MAX_WRITE_BUFFER: usize = 256 << 10;

pub(super) async fn stream(
    State(app): State<SharedState>,
    Extension(ClientIdentity(client)): Extension<ClientIdentity>,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    open(app, client, &uri, upgrade).await.unwrap_or_else(IntoResponse::into_response)
}

async fn open(
    app: SharedState,
    client: Option<ClientId>,
    uri: &Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let params = Params::parse(uri, app.limits.max_channels)?;
    let upgrade = upgrade.map_err(|rejection| {
        ApiError::new(ErrorKind::WebSocket(rejection.status()), rejection.body_text())
    })?;
    // Held until the stream ends: the shutdown waits for it.
    let unfinished: mpsc::Sender<()> = match app.unfinished.upgrade() {
        Some(unfinished) if !*app.ending.borrow() => unfinished,
        _ => return Err(ApiError::shutting_down()),
    };
    let quota = app.quotas.acquire(client, Resource::Streams, params.streams())?;
    let permit = app.admit_streams(params.streams())?;
    let gauge = GaugeGuard::new(&app.metrics.streams);
    let model = app.model(params.model.as_deref())?;
    let samples = SampleReader::new(&params);
    let (recognizer, rate) = (model.recognizer.clone(), params.rate);
    let (channels, config) = (params.channels, params.config.clone());
    let open = move || ChannelStream::new(&recognizer, rate, channels, &config);
    let state = StreamState::new(app.compute.run_live(open).await??, samples);
    let max_message = app.limits.max_message_bytes;
    let session = Session::new(app, model, params, state);
    let upgrade = upgrade
        .max_message_size(max_message)
        .max_frame_size(max_message)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .protocols([PROTOCOL]);
    Ok(upgrade.on_upgrade(move |socket| async move {
        session.run(socket).await;
        drop((quota, permit, gauge, unfinished));
    }))
}
