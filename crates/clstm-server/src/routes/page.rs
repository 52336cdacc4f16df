//! The web page, embedded in the binary.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::state::SharedState;

/// The page loads nothing from other hosts and has no inline script, so that injected script cannot run.
/// `blob:` is for playing the user's own recording.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Only the page itself may use the microphone.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=()";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// Path, media type and content of each file.
const FILES: [(&str, &str, &str); 21] = [
    ("/", HTML, include_str!("../page/index.html")),
    ("/style.css", STYLE, include_str!("../page/style.css")),
    ("/icon.svg", IMAGE, include_str!("../page/icon.svg")),
    ("/app.js", SCRIPT, include_str!("../page/app.js")),
    ("/answer.js", SCRIPT, include_str!("../page/answer.js")),
    ("/dom.js", SCRIPT, include_str!("../page/dom.js")),
    ("/history.js", SCRIPT, include_str!("../page/history.js")),
    ("/labels.js", SCRIPT, include_str!("../page/labels.js")),
    ("/microphone.js", SCRIPT, include_str!("../page/microphone.js")),
    ("/picture.js", SCRIPT, include_str!("../page/picture.js")),
    ("/player.js", SCRIPT, include_str!("../page/player.js")),
    ("/recorder.js", SCRIPT, include_str!("../page/recorder.js")),
    ("/recording.js", SCRIPT, include_str!("../page/recording.js")),
    ("/save.js", SCRIPT, include_str!("../page/save.js")),
    ("/server.js", SCRIPT, include_str!("../page/server.js")),
    ("/timeline.js", SCRIPT, include_str!("../page/timeline.js")),
    ("/view.js", SCRIPT, include_str!("../page/view.js")),
    ("/wav.js", SCRIPT, include_str!("../page/wav.js")),
    // The API reference; it reads `/openapi.json`.
    ("/docs/api", HTML, include_str!("../page/api.html")),
    ("/docs/api.js", SCRIPT, include_str!("../page/api.js")),
    ("/docs/api.css", STYLE, include_str!("../page/api.css")),
];

pub(super) fn routes() -> Router<SharedState> {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { file(kind, text) }))
    })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::HeaderName::from_static("permissions-policy"), PERMISSIONS),
        // Revalidate: the page changes with each release.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
