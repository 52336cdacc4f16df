//! Pages of other origins and other host names get nothing.

use axum::body::Body;
use clstm_server::{Keys, ServerConfig};

use crate::client::{TestResponse, send};
use crate::support::{TestServer, config, sample};

async fn ask(
    server: &TestServer,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> TestResponse {
    let mut request = axum::http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if method == "POST" { Body::from(sample()) } else { Body::empty() };
    send(server.address, request.body(body).expect("a request")).await
}

#[tokio::test]
async fn a_name_that_was_rebound_to_the_loopback_interface_is_not_served() {
    let server = TestServer::start(config()).await;
    let routes = [
        ("GET", "/"),
        ("GET", "/v1/models"),
        ("POST", "/v1/recognize"),
        ("GET", "/v1/stream"),
        ("GET", "/metrics"),
    ];
    for (method, path) in routes {
        let rebound = [("host", "evil.example:8765"), ("origin", "http://evil.example:8765")];
        for headers in [&rebound[..], &rebound[..1]] {
            let response = ask(&server, method, path, headers).await;
            assert_eq!(response.error(), (421, "host".to_owned()), "{method} {path}");
        }
    }
    for host in ["localhost", "localhost:8765", "127.0.0.1:1", "[::1]:8765"] {
        assert_eq!(
            ask(&server, "GET", "/v1/models", &[("host", host)]).await.status,
            200,
            "{host}"
        );
    }
}

#[tokio::test]
async fn every_host_of_a_request_must_be_served() {
    let server = TestServer::start(config()).await;
    let two = [("host", "localhost"), ("host", "evil.example")];
    let response = ask(&server, "GET", "/v1/models", &two).await;
    assert_eq!(response.error(), (400, "request".to_owned()));
    for (target, host) in
        [("http://localhost/v1/models", "evil.example"), ("http://evil.example/", "localhost")]
    {
        let response = ask(&server, "GET", target, &[("host", host)]).await;
        assert_eq!(response.error(), (421, "host".to_owned()), "{target} {host}");
    }
}

#[tokio::test]
async fn allowed_hosts_are_served_and_keys_lift_the_restriction() {
    let allowed_hosts = vec!["voice.example".to_owned()];
    let server = TestServer::start(ServerConfig { allowed_hosts, ..config() }).await;
    let models = async |host: &str, key: &str| {
        let headers = [("host", host), ("x-api-key", key)];
        ask(&server, "GET", "/v1/models", &headers).await.status.as_u16()
    };
    assert_eq!(models("voice.example", "").await, 200);
    assert_eq!(models("other.example", "").await, 421);
    let keys = Keys::parse("0123456789abcdef").ok();
    let guarded = TestServer::start(ServerConfig { keys, ..config() }).await;
    let headers = [("host", "any.example"), ("x-api-key", "0123456789abcdef")];
    assert_eq!(ask(&guarded, "GET", "/v1/models", &headers).await.status, 200);
}

#[tokio::test]
async fn foreign_origins_are_refused_for_every_method() {
    let cors = vec!["https://friend.example".to_owned()];
    let server = TestServer::start(ServerConfig { cors, ..config() }).await;
    let routes = [
        ("GET", "/v1/models"),
        ("POST", "/v1/recognize"),
        ("OPTIONS", "/v1/recognize"),
        ("GET", "/v1/stream"),
        ("PUT", "/nowhere"),
    ];
    for (method, path) in routes {
        for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
            let headers = [("host", "localhost:8765"), ("origin", origin)];
            let response = ask(&server, method, path, &headers).await;
            assert_eq!(response.error(), (403, "origin".to_owned()), "{method} {path} {origin}");
        }
    }
    for origin in ["http://localhost:8765", "https://friend.example"] {
        let headers = [("host", "localhost:8765"), ("origin", origin)];
        assert_eq!(ask(&server, "POST", "/v1/recognize", &headers).await.status, 200, "{origin}");
    }
}
