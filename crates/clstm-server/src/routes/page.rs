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
const AUDIO: &str = "audio/wav";

/// The recording of "Try a sample", a copy of `assets/sad.wav`: a package contains no file of another folder.
const SAMPLE: &[u8] = include_bytes!("../page/sample.wav");

/// Path, media type and content of each file.
const FILES: [(&str, &str, &str); 27] = [
    ("/", HTML, include_str!("../page/index.html")),
    ("/style.css", STYLE, include_str!("../page/style.css")),
    ("/icon.svg", IMAGE, include_str!("../page/icon.svg")),
    ("/app.js", SCRIPT, include_str!("../page/app.js")),
    ("/capture.js", SCRIPT, include_str!("../page/capture.js")),
    ("/dimensions.js", SCRIPT, include_str!("../page/dimensions.js")),
    ("/dom.js", SCRIPT, include_str!("../page/dom.js")),
    ("/history.js", SCRIPT, include_str!("../page/history.js")),
    ("/labels.js", SCRIPT, include_str!("../page/labels.js")),
    ("/lanes.js", SCRIPT, include_str!("../page/lanes.js")),
    ("/microphone.js", SCRIPT, include_str!("../page/microphone.js")),
    ("/peaks.js", SCRIPT, include_str!("../page/peaks.js")),
    ("/player.js", SCRIPT, include_str!("../page/player.js")),
    ("/prediction.js", SCRIPT, include_str!("../page/prediction.js")),
    ("/queue.js", SCRIPT, include_str!("../page/queue.js")),
    ("/recorder.js", SCRIPT, include_str!("../page/recorder.js")),
    ("/recording.js", SCRIPT, include_str!("../page/recording.js")),
    ("/save.js", SCRIPT, include_str!("../page/save.js")),
    ("/server.js", SCRIPT, include_str!("../page/server.js")),
    ("/sources.js", SCRIPT, include_str!("../page/sources.js")),
    ("/timeline.js", SCRIPT, include_str!("../page/timeline.js")),
    ("/view.js", SCRIPT, include_str!("../page/view.js")),
    ("/wav.js", SCRIPT, include_str!("../page/wav.js")),
    ("/waveform.js", SCRIPT, include_str!("../page/waveform.js")),
    // The API reference; it reads `/openapi.json`.
    ("/docs/api", HTML, include_str!("../page/api.html")),
    ("/docs/api.js", SCRIPT, include_str!("../page/api.js")),
    ("/docs/api.css", STYLE, include_str!("../page/api.css")),
];

pub(super) fn routes() -> Router<SharedState> {
    let files = FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { file(kind, text.as_bytes()) }))
    });
    files.route("/sample.wav", get(async || file(AUDIO, SAMPLE)))
}

fn file(kind: &'static str, content: &'static [u8]) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::HeaderName::from_static("permissions-policy"), PERMISSIONS),
        // Revalidate: the page changes with each release.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}
