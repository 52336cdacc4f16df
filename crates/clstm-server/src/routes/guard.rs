//! What stands before and behind every request.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::KEY_HEADER;
use crate::app::Shared;
use crate::connection::Peer;
use crate::intake::linger;
use crate::refusal::{Refusal, RefusedAs};
use crate::share::Client;

/// How a page, which cannot send headers with a WebSocket, brings its key: as the name of a protocol.
const KEY_PROTOCOL: &str = "clstm-key.";

/// Beside a request: who asks, where that is somebody who may have too much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking(pub(crate) Option<Client>);

impl Asking {
    pub(crate) fn of(extensions: &Extensions) -> Option<Client> {
        extensions.get().and_then(|Self(client)| *client)
    }
}

/// Refuses whoever has no key, where there are keys; and notes who asks.
pub(super) async fn key(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let asking = match &app.keys {
        None => request.extensions().get().map(|Peer(address)| Client::at(*address)),
        Some(keys) => presented(request.headers())
            .and_then(|key| keys.number(key.as_bytes()))
            // With one key there is nobody else to leave room for.
            .map(|number| (keys.count() > 1).then_some(Client::Key(number))),
    };
    if let Some(client) = asking {
        request.extensions_mut().insert(Asking(client));
        return next.run(request).await;
    }
    let asks_first = request.headers().contains_key(header::EXPECT);
    linger(&mut request.into_body(), asks_first).await;
    let message = "a key is needed: send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`";
    Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message).into_response()
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let protocol = || {
        let protocols = text(header::SEC_WEBSOCKET_PROTOCOL)?;
        protocols.split(',').find_map(|protocol| protocol.trim().strip_prefix(KEY_PROTOCOL))
    };
    bearer.or_else(|| text(KEY_HEADER)).or_else(protocol)
}

/// Counts requests, and says in the log what became of them. Neither addresses nor parameters are logged:
/// they are somebody's.
pub(super) async fn count(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // Paths that are nowhere are without number.
    let route = route.unwrap_or_else(|| "other".to_owned());
    let method = request.method().clone();
    let response = next.run(request).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    app.metrics.answered(&route, status, took);
    if let Some(RefusedAs(kind)) = response.extensions().get() {
        app.metrics.refused(kind);
    }
    log::debug!("{method} {route} {status} {:.1} ms", 1000.0 * took.as_secs_f64());
    response
}

/// What browsers should know of every answer.
pub(super) async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Answers are about somebody's voice: no cache keeps them.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

pub(super) async fn nowhere(uri: Uri, body: Body) -> Refusal {
    let message = format!("there is nothing at {}; see /openapi.json", uri.path());
    refuse(StatusCode::NOT_FOUND, "not_found", message, body).await
}

pub(super) async fn wrong_method(uri: Uri, body: Body) -> Refusal {
    let message = format!("{} does not take this method; see /openapi.json", uri.path());
    refuse(StatusCode::METHOD_NOT_ALLOWED, "method", message, body).await
}

async fn refuse(
    status: StatusCode,
    kind: &'static str,
    message: String,
    mut body: Body,
) -> Refusal {
    linger(&mut body, false).await;
    Refusal::new(status, kind, message)
}
