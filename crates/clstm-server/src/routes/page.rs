//! The web page: its files are inside the binary.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::Shared;

/// Nothing is loaded from elsewhere and nothing is written into the page, so that no script of a stranger
/// runs in it. `blob:` is the sound that the user gave to the page, which plays it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The page alone may ask for the microphone.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=()";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// Path, kind and text of each file.
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
    // The page that shows what programs can ask: it reads `/openapi.json`.
    ("/docs/api", HTML, include_str!("../page/api.html")),
    ("/docs/api.js", SCRIPT, include_str!("../page/api.js")),
    ("/docs/api.css", STYLE, include_str!("../page/api.css")),
];

pub(super) fn routes() -> Router<Shared> {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { file(kind, text) }))
    })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::HeaderName::from_static("permissions-policy"), PERMISSIONS),
        // A new release brings a new page.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
