//! What one client may hold.

use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use axum::body::Body;
use clstm_server::{Keys, Limits, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{TestResponse, form, get, request, send};
use crate::stream::{Socket, next, open};
use crate::support::{TestServer, config, sample};

const KEYS: [&str; 2] = ["the-key-of-the-first-one", "the-key-of-the-other-one"];

async fn with_keys(count: usize, limits: Limits) -> TestServer {
    let keys = Keys::parse(&KEYS[..count].join("\n")).ok();
    TestServer::start(ServerConfig { keys, limits, ..config() }).await
}

async fn stream(server: &TestServer, key: &str) -> Result<Socket, u16> {
    match open(server, "", &[("x-api-key", key)]).await {
        Ok(mut socket) => {
            assert_eq!(next(&mut socket).await.expect("a word")["type"], "ready");
            Ok(socket)
        }
        Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
            let status = response.status().as_u16();
            assert_eq!(response.headers()["retry-after"], "1", "{status}");
            Err(status)
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_client_has_its_streams_and_the_others_theirs() {
    let limits = Limits { client_streams: 2, max_streams: 3, ..Limits::default() };
    let server = with_keys(2, limits).await;
    let [one, other] = KEYS;
    let first = stream(&server, one).await.expect("a stream");
    let _second = stream(&server, one).await.expect("a stream");
    assert_eq!(stream(&server, one).await.err(), Some(429), "its share");
    let _third = stream(&server, other).await.expect("a stream");
    assert_eq!(stream(&server, other).await.err(), Some(503), "the server's limit");
    drop(first);
    // Until the server has noticed.
    for _ in 0..200 {
        if stream(&server, one).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the share of a stream that has gone is not free");
}

#[tokio::test]
async fn a_single_key_may_use_the_whole_capacity() {
    let server = with_keys(1, Limits { client_streams: 1, ..Limits::default() }).await;
    let _first = stream(&server, KEYS[0]).await.expect("a stream");
    assert!(stream(&server, KEYS[0]).await.is_ok());
}

/// Asks with a key.
async fn ask(server: &TestServer, key: &str, path: &str) -> TestResponse {
    let headers = [("x-api-key", key)];
    send(server.address, request("POST", path, &headers, Body::from(sample()))).await
}

#[tokio::test]
async fn a_request_counts_from_its_first_byte_to_its_response() {
    let limits = Limits { client_recordings: 1, client_timelines: 0, ..Limits::default() };
    let server = with_keys(2, limits).await;
    let [one, other] = KEYS;
    // A body that does not come to its end.
    let mut slow = TcpStream::connect(server.address).await.expect("a connection");
    let head = format!(
        "POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {one}\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        sample().len()
    );
    slow.write_all(head.as_bytes()).await.expect("written");
    let mut leave = [0; 25];
    slow.read_exact(&mut leave).await.expect("leave to send");
    let refused = ask(&server, one, "/v1/recognize").await;
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.error(), (429, "client_limit".to_owned()));
    assert_eq!(ask(&server, other, "/v1/recognize").await.status, 200);
    let timeline = ask(&server, other, "/v1/recognize?timeline=frames").await;
    assert_eq!(timeline.error(), (429, "client_limit".to_owned()));
    slow.write_all(&sample()).await.expect("written");
    let mut status = [0; 12];
    slow.read_exact(&mut status).await.expect("a response");
    assert_eq!(&status, b"HTTP/1.1 200");
    assert_eq!(ask(&server, one, "/v1/recognize").await.status, 200, "free again");
    // A batch takes its files one after the other where it may not have more at once.
    let sample = sample();
    let mut batch = form("/v1/batch", &[("file", "a", &sample[..]), ("file", "b", &sample)]);
    batch.headers_mut().insert("x-api-key", one.parse().expect("a header"));
    let response = send(server.address, batch).await;
    assert_eq!(response.json()["results"].as_array().map(Vec::len), Some(2));
    let metrics = request("GET", "/metrics", &[("x-api-key", one)], Body::empty());
    let metrics = send(server.address, metrics).await;
    let text = String::from_utf8(metrics.body.to_vec()).expect("text");
    assert!(text.contains("clstm_refused_total{kind=\"client_limit\"} 2"), "{text}");
}

#[tokio::test]
async fn the_bytes_of_one_client_are_bounded() {
    let server = with_keys(2, Limits { client_buffered_bytes: 20_000, ..Limits::default() }).await;
    let refused = ask(&server, KEYS[0], "/v1/recognize").await;
    assert_eq!(refused.error(), (429, "client_limit".to_owned()));
}

/// An address of this machine that is not the loopback's, where it has one.
fn outside() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only looks which way it would go.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}

#[tokio::test]
async fn without_keys_a_client_is_an_address() {
    let Some(address) = outside() else {
        eprintln!("skipped: this machine has no address but the loopback's");
        return;
    };
    let limits = Limits { client_recordings: 0, client_connections: 1, ..Limits::default() };
    let listen = "0.0.0.0:0".parse().expect("an address");
    let mut server = TestServer::start(ServerConfig { listen, limits, ..config() }).await;
    let port = server.address.port();
    // This machine itself has no share.
    server.address = ([127, 0, 0, 1], port).into();
    assert_eq!(ask(&server, "", "/v1/recognize").await.status, 200);
    server.address = (address, port).into();
    let Ok(mut first) = TcpStream::connect(server.address).await else {
        eprintln!("skipped: {address} cannot be reached");
        return;
    };
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
    let mut head = [0; 12];
    first.read_exact(&mut head).await.expect("a status");
    let response = get(server.address, "/healthz").await;
    assert_eq!(response.headers["retry-after"], "1");
    assert_eq!(response.error(), (429, "client_limit".to_owned()), "a second connection");
    drop(first);
    // Until the server has noticed.
    for _ in 0..200 {
        let response = ask(&server, "", "/v1/recognize").await;
        assert_eq!(response.error(), (429, "client_limit".to_owned()));
        // It is that of the recording now.
        if response.json()["error"]["message"].as_str().is_some_and(|m| m.contains("recordings")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection's share is not free");
}
