//! Middleware: authentication, metrics, security headers; and the fallback routes.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::KEY_HEADER;
use crate::api_error::{ApiError, ErrorKind, ErrorWord};
use crate::body::drain_body;
use crate::connection::PeerAddr;
use crate::quota::ClientId;
use crate::state::SharedState;

/// Browsers cannot send headers with a WebSocket: a page sends its key as the name of a subprotocol.
const KEY_PROTOCOL: &str = "clstm-key.";

/// Request extension: the identity for quotas; `None` means that no quota applies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientIdentity(pub(crate) Option<ClientId>);

impl ClientIdentity {
    pub(crate) fn of(extensions: &Extensions) -> Option<ClientId> {
        extensions.get().and_then(|Self(client)| *client)
    }
}

/// Rejects requests without a valid key if the server has keys; adds [`ClientIdentity`].
pub(super) async fn authenticate(
    State(app): State<SharedState>,
    mut request: Request,
    next: Next,
) -> Response {
    let identity = match &app.keys {
        None => request.extensions().get().map(|PeerAddr(address)| ClientId::at(*address)),
        Some(keys) => api_key_from(request.headers())
            .and_then(|key| keys.number(key.as_bytes()))
            // With a single key there is no other client to protect.
            .map(|number| (keys.count() > 1).then_some(ClientId::Key(number))),
    };
    if let Some(client) = identity {
        request.extensions_mut().insert(ClientIdentity(client));
        return next.run(request).await;
    }
    let expects_continue = request.headers().contains_key(header::EXPECT);
    drain_body(&mut request.into_body(), expects_continue).await;
    let message =
        "an API key is required: send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`";
    ApiError::new(ErrorKind::Unauthorized, message).into_response()
}

fn api_key_from(headers: &HeaderMap) -> Option<&str> {
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

/// Counts and logs requests. Addresses and parameters are not logged: they are personal data.
pub(super) async fn record_request(
    State(app): State<SharedState>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // Unknown paths share one label: their number has no bound.
    let route = route.unwrap_or_else(|| "other".to_owned());
    let method = request.method().clone();
    let response = next.run(request).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    app.metrics.request_finished(&route, status, took);
    if let Some(ErrorWord(kind)) = response.extensions().get() {
        app.metrics.error(kind);
    }
    tracing::debug!("{method} {route} {status} {:.1} ms", 1000.0 * took.as_secs_f64());
    response
}

/// Security headers of every response.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Responses are personal data: no cache keeps them.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

pub(super) async fn not_found(uri: Uri, body: Body) -> ApiError {
    let message = format!("there is no route {}; see /openapi.json", uri.path());
    drain_and_reject(ErrorKind::NotFound, message, body).await
}

pub(super) async fn method_not_allowed(uri: Uri, body: Body) -> ApiError {
    let message = format!("{} does not take this method; see /openapi.json", uri.path());
    drain_and_reject(ErrorKind::Method, message, body).await
}

pub(super) async fn drain_and_reject(kind: ErrorKind, message: String, mut body: Body) -> ApiError {
    drain_body(&mut body, false).await;
    ApiError::new(kind, message)
}
