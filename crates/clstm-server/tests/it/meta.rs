use std::collections::BTreeSet;

use axum::body::Body;
use serde_json::Value;

use crate::client::{get, post, request, send};
use crate::support::{TestServer, config, sample, tiny};

#[tokio::test]
async fn it_reports_its_health_and_models() {
    let server = TestServer::start(config()).await;
    let address = server.address;
    assert_eq!(get(address, "/healthz").await.json()["status"], "ok");
    assert_eq!(get(address, "/readyz").await.json()["status"], "ready");
    let models = get(address, "/v1/models").await.json();
    let model = &models["models"][0];
    assert_eq!(models["models"].as_array().map(Vec::len), Some(1));
    assert_eq!((&model["name"], &model["default"]), (&"tiny".into(), &true.into()));
    assert_eq!(model["digest"], tiny().digest());
    assert_eq!(model["labels"], serde_json::json!(["calm", "glad", "sad"]));
}

#[tokio::test]
async fn what_happens_is_counted() {
    let server = TestServer::start(config()).await;
    let address = server.address;
    for _ in 0..3 {
        assert_eq!(post(address, "/v1/recognize", sample()).await.status, 200);
    }
    post(address, "/v1/recognize", "no sound").await;
    get(address, "/nowhere/at/all").await;
    let metrics = get(address, "/metrics").await;
    let text = String::from_utf8(metrics.body.to_vec()).expect("text");
    for line in [
        "clstm_requests_total{route=\"/v1/recognize\",status=\"200\"} 3",
        "clstm_requests_total{route=\"/v1/recognize\",status=\"415\"} 1",
        "clstm_requests_total{route=\"other\",status=\"404\"} 1",
        "clstm_refused_total{kind=\"format\"} 1",
        "clstm_group_size_count 4",
        "clstm_recordings 0",
        "clstm_streams 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    let audio = text.lines().find_map(|line| line.strip_prefix("clstm_audio_seconds_total "));
    let audio: f64 = audio.expect("seconds").parse().expect("a number");
    assert!((audio - 3.0 * 35_893.0 / 16_000.0).abs() < 1e-9, "{audio}");
}

#[tokio::test]
async fn the_document_describes_every_route_and_no_other() {
    let server = TestServer::start(config()).await;
    let document = get(server.address, "/openapi.json").await.json();
    let paths = document["paths"].as_object().expect("paths");
    let described: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let source = include_str!("../../src/routes/mod.rs");
    let routed: BTreeSet<_> = source
        .lines()
        .filter_map(|line| {
            let (path, rest) = line.trim().strip_prefix(".route(\"")?.split_once("\", ")?;
            let method = rest.split_once('(')?.0.to_uppercase();
            // Pages are for people.
            let page = path == "/" || path.starts_with("/docs/");
            let asset = path.rsplit_once('.').is_some_and(|(_, kind)| kind != "json");
            (!page && !asset).then(|| (method, path.to_owned()))
        })
        .collect();
    assert_eq!(described, routed);
    for (method, path) in &described {
        let response = send(server.address, request(method, path, &[], Body::empty())).await;
        assert!(![404, 405, 500].contains(&response.status.as_u16()), "{method} {path}");
        let status = response.status.as_str();
        let responses = &document["paths"][path][method.to_lowercase()]["responses"];
        assert!(responses.get(status).is_some(), "{method} {path}: {status} is not described");
        let wrong = if method == "GET" { "DELETE" } else { "GET" };
        let response = send(server.address, request(wrong, path, &[], Body::empty())).await;
        assert_eq!(response.error(), (405, "method".to_owned()), "{path}");
    }
    assert_eq!(get(server.address, "/v2").await.error(), (404, "not_found".to_owned()));
}

/// The parameter names that the error for an unknown parameter lists.
async fn known(address: std::net::SocketAddr, method: &str, path: &str) -> BTreeSet<String> {
    // A stream reports wrong parameters before it requires a WebSocket.
    let request = request(method, &format!("{path}?nonsense=1"), &[], Body::empty());
    let response = send(address, request).await;
    assert_eq!(response.error(), (400, "request".to_owned()), "{path}");
    let message = response.json()["error"]["message"].as_str().expect("a message").to_owned();
    let names = message.split_once("there are: ").expect("names").1;
    names.split(", ").map(str::to_owned).collect()
}

/// Follows a reference within the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        None => value,
        Some(reference) => {
            let at = reference.strip_prefix('#').expect("within the document");
            document.pointer(at).unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
    }
}

/// All references of a value.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("$ref") {
                found.push(value);
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_describes_what_the_routes_accept_and_refuse() {
    let server = TestServer::start(config()).await;
    let document = get(server.address, "/openapi.json").await.json();
    let mut all = Vec::new();
    references(&document, &mut all);
    all.into_iter().for_each(|reference| _ = resolve(&document, reference));
    let error: Value = serde_json::json!({"$ref": "#/components/schemas/Error"});
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let described: BTreeSet<_> =
                parameters.iter().filter_map(|p| Some(p["name"].as_str()?.to_owned())).collect();
            if !described.is_empty() {
                let known = known(server.address, &method.to_uppercase(), path).await;
                assert_eq!(described, known, "{path}");
            }
            let open = operation["security"].as_array().is_some_and(Vec::is_empty);
            let responses = operation["responses"].as_object().expect("responses");
            assert_eq!(responses.contains_key("401"), !open, "{path} and keys");
            for (status, response) in responses {
                let response = resolve(&document, response);
                let body = &response["content"]["application/json"]["schema"];
                if status.starts_with(['4', '5']) {
                    assert_eq!(*body, error, "{path} {status}");
                }
                let later = response["headers"].get("Retry-After").is_some();
                assert_eq!(later, ["429", "503"].contains(&status.as_str()), "{path} {status}");
            }
        }
    }
    // Whatever takes on work may be refused it.
    for (path, method) in [("/v1/recognize", "post"), ("/v1/batch", "post"), ("/v1/stream", "get")]
    {
        for status in ["429", "503"] {
            let responses = &document["paths"][path][method]["responses"];
            assert!(responses.get(status).is_some(), "{path} {status}");
        }
    }
}
