//! The routes.

mod batch;
mod meta;
mod middleware;
mod origin;
mod page;
mod recognize;
mod segments;
mod stream;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::ServerError;
use crate::state::SharedState;

pub(crate) use batch::BatchBody;
pub(crate) use meta::{ModelsBody, NamesBody, StatusBody};
pub(crate) use origin::Hosts;
pub(crate) use recognize::TimelineBody;
pub(crate) use segments::SegmentsBody;
pub(crate) use stream::ServerMessage;

/// The header for the API key of clients that cannot send `Authorization`.
pub(crate) const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

pub(crate) fn router(app: &SharedState) -> Router {
    let authenticated = Router::new()
        .route("/v1/recognize", post(recognize::recognize))
        .route("/v1/batch", post(batch::batch))
        .route("/v1/stream", get(stream::stream))
        .route("/v1/models", get(meta::models))
        .route("/v1/models/reload", post(meta::reload))
        .route("/metrics", get(meta::metrics))
        .route_layer(from_fn_with_state(app.clone(), middleware::authenticate));
    let open = Router::new()
        .route("/healthz", get(meta::health))
        .route("/readyz", get(meta::ready))
        .route("/openapi.json", get(meta::openapi));
    authenticated
        .merge(open)
        .merge(page::routes())
        .method_not_allowed_fallback(middleware::method_not_allowed)
        .fallback(middleware::not_found)
        .layer(cors(&app.origins))
        .layer(from_fn_with_state(app.clone(), origin::check))
        .layer(from_fn_with_state(app.clone(), middleware::record_request))
        .layer(from_fn(middleware::security_headers))
        .with_state(app.clone())
}

/// Validates one of [`ServerConfig::cors`](crate::ServerConfig::cors).
///
/// # Errors
/// [`ServerError::Origin`] if it is neither scheme and host, such as `https://example.org`, nor `*`.
pub fn check_origin(origin: &str) -> Result<(), ServerError> {
    let host = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
    let valid = host.is_some_and(|host| {
        !host.is_empty() && !host.contains(['/', '?', '#', '*', ' ', '@']) && host.is_ascii()
    });
    match (valid || origin == "*") && HeaderValue::from_str(origin).is_ok() {
        true => Ok(()),
        false => Err(ServerError::Origin { origin: origin.to_owned() }),
    }
}

fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        // Validated when the server started.
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, KEY_HEADER])
        .expose_headers([header::RETRY_AFTER])
}
