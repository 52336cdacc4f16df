//! The web page: four files inside the binary.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Nothing is loaded from elsewhere and nothing is written into the page, so that no script of a stranger
/// runs in it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page alone may ask for the microphone.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=()";

pub(super) fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::HeaderName::from_static("permissions-policy"), PERMISSIONS),
        // A new release brings a new page.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

pub(super) async fn index() -> Response {
    asset("text/html; charset=utf-8", include_str!("../page/index.html"))
}

pub(super) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../page/app.js"))
}

pub(super) async fn recorder() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../page/recorder.js"))
}

pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("../page/style.css"))
}
