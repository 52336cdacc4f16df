//! Clients that stop in the middle, or send too slowly.

use clstm_server::Limits;
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::client::get;
use crate::clock::StoppedClock;
use crate::stream::{Socket, next, open};
use crate::support::{TestServer, sample};

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.address).await.expect("a connection")
}

/// The bytes until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is closed as well.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits until a gauge of the metrics has this value.
pub(crate) async fn gauge(server: &TestServer, name: &str, value: usize) {
    let line = format!("clstm_{name} {value}\n");
    loop {
        let text = get(server.address, "/metrics").await.body;
        if String::from_utf8_lossy(&text).contains(&line) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Sends a head with `Expect: 100-continue` and waits for `100 Continue`, which comes when the server reads the body.
async fn begin_body(server: &TestServer, length: usize) -> TcpStream {
    let mut stream = connect(server).await;
    let head = format!(
        "POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut response = [0; 25];
    stream.read_exact(&mut response).await.expect("a response");
    assert_eq!(&response, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[tokio::test]
async fn a_body_that_trickles_has_no_more_time_than_another() {
    let server = TestServer::with(Limits::default()).await;
    let clock = StoppedClock::new();
    let mut stream = begin_body(&server, 100_000).await;
    // A byte a second: it would never end if bytes extended the timeout of 60 s.
    for _ in 0..58 {
        stream.write_all(b"x").await.expect("written");
        clock.step(1).await;
    }
    assert!(stream.try_read(&mut [0]).is_err(), "closed before the timeout");
    // Two seconds are for what is still in flight.
    clock.step(6).await;
    let mut response = [0; 12];
    stream.read_exact(&mut response).await.expect("a response");
    assert_eq!(&response, b"HTTP/1.1 408");
}

#[tokio::test]
async fn connections_without_requests_are_closed() {
    let server = TestServer::with(Limits::default()).await;
    let clock = StoppedClock::new();
    // One with a request, one without any, one with an incomplete head.
    let mut idle = connect(&server).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
    let mut silent = connect(&server).await;
    let mut incomplete = connect(&server).await;
    incomplete.write_all(b"POST /v1/recognize HTTP/1.1\r\nHo").await.expect("written");
    let mut status = [0; 12];
    idle.read_exact(&mut status).await.expect("a response");
    assert_eq!(&status, b"HTTP/1.1 200");
    // These three, and the one that asks.
    gauge(&server, "connections", 4).await;
    clock.advance(9).await;
    let mut byte = [0];
    assert!(silent.try_read(&mut byte).is_err(), "closed before the timeout");
    clock.advance(2).await;
    rest(&mut idle).await;
    assert_eq!(rest(&mut silent).await, "");
    let response = rest(&mut incomplete).await;
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 408"), "{response}");
    gauge(&server, "connections", 1).await;
}

#[tokio::test]
async fn a_half_closed_connection_counts_as_disconnected() {
    let server = TestServer::with(Limits::default()).await;
    let sample = sample();
    for sent in [sample.len() / 2, 0] {
        let mut stream = connect(&server).await;
        let head = format!(
            "POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            sample.len()
        );
        stream.write_all(head.as_bytes()).await.expect("written");
        stream.write_all(&sample[..sent]).await.expect("written");
        stream.shutdown().await.expect("half closed");
        let response = rest(&mut stream).await;
        assert!(response.is_empty() || response.starts_with("HTTP/1.1 400"), "{response}");
    }
    let mut socket = open(&server, "", &[]).await.expect("a stream");
    socket.send(Message::Binary(vec![0; 3200].into())).await.expect("sent");
    socket.get_mut().shutdown().await.expect("half closed");
    gauge(&server, "streams", 0).await;
    gauge(&server, "recordings", 0).await;
}

/// A stream that is ready.
async fn ready(server: &TestServer, query: &str) -> Socket {
    let mut socket = open(server, query, &[]).await.expect("a stream");
    assert_eq!(next(&mut socket).await.expect("a message")["type"], "ready");
    socket
}

/// The kind of the error that a stream ends with.
async fn error_of(socket: &mut Socket) -> String {
    let mut kind = None;
    loop {
        match next(socket).await {
            Ok(message) if message["type"] == "error" => {
                kind = message["error"]["kind"].as_str().map(str::to_owned);
            }
            Ok(_) => {}
            Err(code) => {
                assert_eq!(code, 1008);
                return kind.expect("an error");
            }
        }
    }
}

#[tokio::test]
async fn only_audio_extends_the_timeout_of_a_stream() {
    let server = TestServer::with(Limits::default()).await;
    let clock = StoppedClock::new();
    // The first four bytes of WebM are not audio either.
    let head = Message::Binary(vec![0x1A, 0x45, 0xDF, 0xA3].into());
    for (query, message) in [
        ("", Message::Ping(vec![1].into())),
        ("", Message::Pong(vec![1].into())),
        ("", Message::Binary(vec![].into())),
        ("?format=webm", head),
    ] {
        let mut socket = ready(&server, query).await;
        clock.advance(20).await;
        socket.send(message).await.expect("sent");
        // The server has read it once it has responded to a later ping.
        socket.send(Message::Ping(vec![2].into())).await.expect("sent");
        pong(&mut socket, &[2]).await;
        clock.advance(11).await;
        assert_eq!(error_of(&mut socket).await, "timeout", "{query}");
    }
    let mut socket = ready(&server, "?hop=0.5&lookahead=0").await;
    for _ in 0..3 {
        clock.advance(20).await;
        socket.send(Message::Binary(vec![0; 19_200].into())).await.expect("sent");
        assert_eq!(next(&mut socket).await.expect("a message")["type"], "frame");
    }
    drop(socket);
    gauge(&server, "streams", 0).await;
}

async fn pong(socket: &mut Socket, payload: &[u8]) {
    use futures_util::StreamExt;
    loop {
        match socket.next().await.expect("a message").expect("a valid message") {
            Message::Pong(bytes) if bytes == payload => return,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_message_that_trickles_does_not_extend_the_timeout() {
    let server = TestServer::with(Limits::default()).await;
    let clock = StoppedClock::new();
    let mut socket = ready(&server, "").await;
    // A binary frame of 65,535 bytes that never ends, a byte a second; the timeout is 30 s.
    let head = [0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0];
    socket.get_mut().write_all(&head).await.expect("written");
    for _ in 0..28 {
        socket.get_mut().write_all(&[0]).await.expect("written");
        clock.step(1).await;
    }
    assert!(socket.get_mut().try_read(&mut [0]).is_err(), "closed before the timeout");
    clock.step(3).await;
    assert_eq!(error_of(&mut socket).await, "timeout");
    drop(socket);
    gauge(&server, "streams", 0).await;
}

#[tokio::test]
async fn a_stream_that_is_slower_than_real_time_ends() {
    let server = TestServer::with(Limits { max_stream_s: 60.0, ..Limits::default() }).await;
    let clock = StoppedClock::new();
    let mut socket = ready(&server, "?hop=0.5&lookahead=0").await;
    for _ in 0..2 {
        clock.advance(25).await;
        socket.send(Message::Binary(vec![0; 19_200].into())).await.expect("sent");
        assert_eq!(next(&mut socket).await.expect("a message")["type"], "frame");
    }
    clock.advance(11).await;
    assert_eq!(error_of(&mut socket).await, "too_long");
}

#[tokio::test]
async fn the_close_frame_of_a_client_has_a_timeout() {
    let server = TestServer::with(Limits::default()).await;
    let clock = StoppedClock::new();
    // Opened by hand: this client never responds to a frame.
    let mut stream = connect(&server).await;
    let head = "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("written");
    gauge(&server, "streams", 1).await;
    let mut text = Vec::new();
    let mut bytes = [0; 4096];
    while !String::from_utf8_lossy(&text).contains("\"ready\"") {
        let count = stream.read(&mut bytes).await.expect("read");
        assert!(count > 0, "closed");
        text.extend_from_slice(&bytes[..count]);
    }
    clock.advance(31).await;
    while !String::from_utf8_lossy(&text).contains("\"timeout\"") {
        let count = stream.read(&mut bytes).await.expect("read");
        assert!(count > 0, "closed without an error");
        text.extend_from_slice(&bytes[..count]);
    }
    gauge(&server, "streams", 1).await;
    clock.advance(3).await;
    rest(&mut stream).await;
    gauge(&server, "streams", 0).await;
}
