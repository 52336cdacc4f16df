//! Clients that stop in the middle, or go on for ever.

use std::time::{Duration, Instant};

use clstm_server::Limits;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::client::get;
use crate::stream::{Socket, next, open};
use crate::support::{TestServer, sample};

/// Longer than anything here may take, shorter than what the limits are by default.
const AT_MOST: Duration = Duration::from_secs(8);

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.address).await.expect("a connection")
}

/// What comes until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(AT_MOST, stream.read_to_end(&mut answer)).await;
    // Cut off is closed as well.
    let _ = read.expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits until the server holds none of them.
async fn none_left(server: &TestServer, gauge: &str) {
    let line = format!("clstm_{gauge} 0\n");
    let began = Instant::now();
    loop {
        let text = get(server.address, "/metrics").await.body;
        if String::from_utf8_lossy(&text).contains(&line) {
            return;
        }
        assert!(began.elapsed() < AT_MOST, "{gauge} are still held");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_body_that_trickles_has_no_more_time_than_another() {
    let limits = Limits { body_timeout: Duration::from_millis(400), ..Limits::default() };
    let server = TestServer::with(limits).await;
    let (mut read, mut write) = connect(&server).await.into_split();
    let head =
        b"POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nRIFF";
    write.write_all(head).await.expect("written");
    let trickle = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    let mut status = [0; 12];
    timeout(AT_MOST, read.read_exact(&mut status)).await.expect("in time").expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 408");
    trickle.abort();
}

#[tokio::test]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let limits = Limits { header_timeout: Duration::from_millis(300), ..Limits::default() };
    let server = TestServer::with(limits).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // One that never asked anything.
    assert_eq!(rest(&mut connect(&server).await).await, "");
}

#[tokio::test]
async fn whoever_closes_his_half_is_taken_for_gone() {
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
        stream.shutdown().await.expect("the half of this end");
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    // A stream, in the middle of its sound.
    let mut socket = open(&server, "", &[]).await.expect("a stream");
    socket.send(Message::Binary(vec![0; 3200].into())).await.expect("sent");
    socket.get_mut().shutdown().await.expect("the half of this end");
    none_left(&server, "streams").await;
    none_left(&server, "recordings").await;
}

/// Streams without sound for longer than this are over.
async fn impatient() -> TestServer {
    TestServer::with(Limits { stream_timeout: Duration::from_millis(400), ..Limits::default() })
        .await
}

/// The kind of the error that a stream ends with.
async fn ends(socket: &mut Socket) -> String {
    let mut kind = None;
    loop {
        match timeout(AT_MOST, next(socket)).await.expect("the server closes") {
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
async fn a_stream_that_sends_all_but_sound_is_over() {
    let server = impatient().await;
    for message in [Message::Ping(vec![1].into()), Message::Binary(vec![].into())] {
        let socket = open(&server, "", &[]).await.expect("a stream");
        let (mut write, read) = socket.split();
        let greeting = tokio::spawn(async move {
            while write.send(message.clone()).await.is_ok() {
                sleep(Duration::from_millis(50)).await;
            }
        });
        let told = read.filter_map(async |message| match message {
            Ok(Message::Text(text)) => Some(text.to_string()),
            _ => None,
        });
        let told: Vec<String> = timeout(AT_MOST, told.collect()).await.expect("the server closes");
        assert!(told.iter().any(|text| text.contains("\"kind\":\"timeout\"")), "{told:?}");
        greeting.abort();
    }
    // A header of WebM is no sound either.
    let mut socket = open(&server, "?format=webm", &[]).await.expect("a stream");
    let head = Message::Binary(vec![0x1A, 0x45, 0xDF, 0xA3].into());
    socket.send(head).await.expect("sent");
    assert_eq!(ends(&mut socket).await, "timeout");
    none_left(&server, "streams").await;
}

#[tokio::test]
async fn a_message_that_does_not_come_to_its_end_is_not_waited_for() {
    let server = impatient().await;
    let mut socket = open(&server, "", &[]).await.expect("a stream");
    // A binary frame of 1000 bytes, of which one comes now and then.
    let stream = socket.get_mut();
    stream.write_all(&[0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0]).await.expect("written");
    for _ in 0..4 {
        stream.write_all(&[0]).await.expect("written");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ends(&mut socket).await, "timeout");
    none_left(&server, "streams").await;
}

#[tokio::test]
async fn a_stream_of_little_sound_does_not_stay_longer_for_it() {
    let server = TestServer::with(Limits { max_stream_s: 0.6, ..Limits::default() }).await;
    let mut socket = open(&server, "", &[]).await.expect("a stream");
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(400) {
        // Where this machine is slow, the server may be first.
        let _ = socket.send(Message::Binary(vec![0; 2].into())).await;
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ends(&mut socket).await, "too_long");
}

#[tokio::test]
async fn a_goodbye_is_not_waited_for_for_ever() {
    let server = impatient().await;
    // Opened by hand: this client never answers a frame.
    let mut stream = connect(&server).await;
    let head = "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("written");
    let said = rest(&mut stream).await;
    assert!(said.contains("101") && said.contains("\"timeout\""), "{said}");
    none_left(&server, "streams").await;
}
