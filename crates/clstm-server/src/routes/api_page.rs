//! The page that shows what programs can ask: it reads `/openapi.json`.

use axum::response::Response;

use super::page::asset;

pub(super) async fn index() -> Response {
    asset("text/html; charset=utf-8", include_str!("../page/api.html"))
}

pub(super) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../page/api.js"))
}

pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("../page/api.css"))
}
