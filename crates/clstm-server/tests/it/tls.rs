//! With a certificate.
//!
//! `tls/` holds two certificates for `localhost`, valid for a hundred years, their keys, and the authority
//! that signed both, whose key was deleted. Only these tests trust it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use clstm_server::{HealthError, HealthTarget, Server, ServerConfig, TlsFiles, check_health};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::client::request;
use crate::clock::StoppedClock;
use crate::support::{TestServer, config, sample};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls").join(name)
}

fn with(certificate: PathBuf, key: PathBuf) -> ServerConfig {
    ServerConfig { tls: Some(TlsFiles { certificate, key }), ..config() }
}

/// A client that trusts the authority of these tests.
async fn connect(server: &TestServer) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(file("ca.pem")).expect("a certificate");
    roots.add(authority).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// The certificate that the server shows.
async fn shown(server: &TestServer) -> Vec<u8> {
    let stream = connect(server).await.expect("a connection");
    let certificates = stream.get_ref().1.peer_certificates().expect("certificates");
    certificates[0].as_ref().to_vec()
}

fn der(name: &str) -> Vec<u8> {
    CertificateDer::from_pem_file(file(name)).expect("a certificate").as_ref().to_vec()
}

#[tokio::test]
async fn requests_and_streams_go_over_tls() {
    let server = TestServer::start(with(file("first.pem"), file("first.key"))).await;
    let stream = connect(&server).await.expect("a connection");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    tokio::spawn(connection);
    let ask = request("POST", "/v1/recognize", &[], Body::from(sample()));
    let response = sender.send_request(ask).await.expect("a response");
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.expect("all of it").to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("\"model\":\"tiny\""));

    let stream = connect(&server).await.expect("a connection");
    let (mut socket, _) =
        client_async("wss://localhost/v1/stream", stream).await.expect("a stream");
    socket.send(Message::Binary(vec![0; 32_000].into())).await.expect("sent");
    socket.send(Message::Text("{\"end\":true}".into())).await.expect("sent");
    let mut kinds = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            let event: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            kinds.push(event["type"].as_str().expect("a type").to_owned());
        }
    }
    assert_eq!(kinds.first().map(String::as_str), Some("ready"), "{kinds:?}");
    assert_eq!(kinds.last().map(String::as_str), Some("end"), "{kinds:?}");
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_the_server_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let [certificate, key] = ["live.pem", "live.key"].map(|name| folder.path().join(name));
    let put = |name: &str| {
        std::fs::copy(file(&format!("{name}.pem")), &certificate).expect("a copy");
        std::fs::copy(file(&format!("{name}.key")), &key).expect("a copy");
    };
    put("first");
    let server = TestServer::start(with(certificate.clone(), key.clone())).await;
    assert_eq!(shown(&server).await, der("first.pem"));
    let mut old = connect(&server).await.expect("a connection");
    put("second");
    server.handle.reload_certificate().await.expect("a good one");
    assert_eq!(shown(&server).await, der("second.pem"));

    // A bad one is refused with its name, and the old one stays.
    std::fs::copy(file("first.key"), &key).expect("a copy");
    let error = server.handle.reload_certificate().await.expect_err("another key");
    let text = error.to_string();
    assert!(error.kind() == "tls" && text.contains("the key does not belong to"), "{text}");
    std::fs::write(&certificate, "no certificate").expect("written");
    let text = server.handle.reload_certificate().await.expect_err("no PEM").to_string();
    assert!(text.contains("live.pem: the file has no certificate"), "{text}");
    std::fs::remove_file(&certificate).expect("removed");
    let text = server.handle.reload_certificate().await.expect_err("no file").to_string();
    assert!(text.contains("live.pem"), "{text}");
    assert_eq!(shown(&server).await, der("second.pem"));

    // Earlier connections stay open.
    old.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
    let mut head = [0; 12];
    old.read_exact(&mut head).await.expect("a response");
    assert_eq!(&head, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_server_does_not_start_with_files_that_do_not_fit() {
    for (certificate, key, part) in [
        ("first.pem", "second.key", "second.key: the key does not belong to"),
        ("first.key", "first.key", "first.key: the file has no certificate"),
        ("first.pem", "first.pem", "first.pem"),
        ("none.pem", "first.key", "none.pem"),
    ] {
        let error = Server::bind(with(file(certificate), file(key))).await.err().expect("an error");
        assert_eq!(error.kind(), "tls", "{certificate} {key}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_complete_is_closed() {
    let server = TestServer::start(with(file("first.pem"), file("first.key"))).await;
    let clock = StoppedClock::new();
    // No data, an incomplete handshake, other data.
    for begun in [&b""[..], &[22, 3, 1], b"\x00\x01garbage, at least as long as a record's head"] {
        let mut stream = TcpStream::connect(server.address).await.expect("a connection");
        stream.write_all(begun).await.expect("written");
        let reader = tokio::spawn(async move {
            let mut response = Vec::new();
            // Closed or reset, perhaps with a TLS alert.
            let _ = stream.read_to_end(&mut response).await;
            response
        });
        while !reader.is_finished() {
            clock.advance(1).await;
        }
        let response = reader.await.expect("no panic");
        assert!(!response.starts_with(b"HTTP"));
    }
    // A request without TLS gets an error that names https.
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("a response");
    assert!(response.starts_with("HTTP/1.1 400") && response.contains("https://"), "{response}");
    // After all of these, the server still serves other clients.
    assert_eq!(shown(&server).await, der("first.pem"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_health_check_trusts_the_certificate_and_its_authority() {
    let server = TestServer::start(with(file("first.pem"), file("first.key"))).await;
    let port = server.address.port();
    let check = async |url: String, ca: Option<&str>| {
        let (target, ca) = (url.parse::<HealthTarget>().expect("a target"), ca.map(file));
        let check = move || check_health(&target, ca.as_deref(), Duration::from_secs(5));
        tokio::task::spawn_blocking(check).await.expect("a result")
    };
    let by_name = format!("https://localhost:{port}");
    let by_address = format!("https://127.0.0.1:{port}");
    check(by_name.clone(), Some("ca.pem")).await.expect("signed by the authority");
    check(by_name.clone(), Some("first.pem")).await.expect("the certificate itself");
    check(by_address.clone(), Some("first.pem")).await.expect("the certificate itself, by address");
    for (url, ca) in [(&by_name, "second.pem"), (&by_address, "second.pem")] {
        let error = check(url.clone(), Some(ca)).await.expect_err("another name or certificate");
        assert!(matches!(error, HealthError::Connection(_)), "{ca}: {error}");
    }
    let error = check(by_name.clone(), None).await.expect_err("nothing to trust");
    assert!(matches!(error, HealthError::NoCertificates), "{error}");
    let error = check(by_name, Some("first.key")).await.expect_err("a key");
    assert!(matches!(error, HealthError::Certificates { .. }), "{error}");
    let error = check(format!("http://127.0.0.1:{port}"), None).await.expect_err("not encrypted");
    assert!(matches!(error, HealthError::Connection(_) | HealthError::Response(_)), "{error}");
    let plain = TestServer::start(config()).await;
    check(format!("http://{}", plain.address), None).await.expect("without encryption");
}
