//! What can be asked.

mod about;
mod batch;
mod guard;
mod page;
mod recognize;
mod stream;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::ServerError;
use crate::app::Shared;

/// The key of a client that cannot send `Authorization`.
pub(crate) const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

pub(crate) fn router(app: &Shared) -> Router {
    let guarded = Router::new()
        .route("/v1/recognize", post(recognize::recognize))
        .route("/v1/batch", post(batch::batch))
        .route("/v1/stream", get(stream::stream))
        .route("/v1/models", get(about::models))
        .route("/v1/models/reload", post(about::reload))
        .route("/metrics", get(about::metrics))
        .route_layer(from_fn_with_state(app.clone(), guard::key));
    let open = Router::new()
        .route("/healthz", get(about::health))
        .route("/readyz", get(about::ready))
        .route("/openapi.json", get(about::openapi));
    guarded
        .merge(open)
        .merge(page::routes())
        .method_not_allowed_fallback(guard::wrong_method)
        .fallback(guard::nowhere)
        .layer(from_fn_with_state(app.clone(), guard::count))
        .layer(from_fn(guard::safe_headers))
        .layer(cors(&app.origins))
        .with_state(app.clone())
}

/// Checks what [`crate::Config::cors`] says.
pub(crate) fn check_origins(origins: &[String]) -> Result<(), ServerError> {
    for origin in origins {
        let host = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
        let sound = host.is_some_and(|host| {
            !host.is_empty() && !host.contains(['/', '?', '#', '*']) && host.is_ascii()
        });
        if !(sound || origin == "*") || HeaderValue::from_str(origin).is_err() {
            return Err(ServerError::Origin { origin: origin.clone() });
        }
    }
    Ok(())
}

fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        // Checked when the server started.
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, KEY_HEADER])
        .expose_headers([header::RETRY_AFTER])
}
