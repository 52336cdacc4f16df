//! Asks a server.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl TestResponse {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    /// The kind of an error, which has a message too.
    pub(crate) fn error(&self) -> (u16, String) {
        let json = self.json();
        let error = &json["error"];
        assert!(error["message"].as_str().is_some_and(|m| m.len() > 10), "{json}");
        (self.status.as_u16(), error["kind"].as_str().expect("a kind").to_owned())
    }
}

pub(crate) async fn send(address: SocketAddr, request: Request<Body>) -> TestResponse {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    let response = sender.send_request(request).await.expect("a response");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("all of the response").to_bytes();
    TestResponse { status: head.status, headers: head.headers, body }
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> TestResponse {
    send(address, request("GET", path, &[], Body::empty())).await
}

pub(crate) async fn post(address: SocketAddr, path: &str, body: impl Into<Body>) -> TestResponse {
    send(address, request("POST", path, &[], body.into())).await
}

pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}

/// A form of files: their field, name and bytes.
pub(crate) fn form(path: &str, files: &[(&str, &str, &[u8])]) -> Request<Body> {
    let mut body = Vec::new();
    for (field, name, bytes) in files {
        body.extend(b"--limit\r\nContent-Disposition: form-data; ");
        body.extend(format!("name=\"{field}\"; filename=\"{name}\"\r\n\r\n").bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--limit--\r\n");
    let kind = ("content-type", "multipart/form-data; boundary=limit");
    request("POST", path, &[kind], body.into())
}
