use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::stream::{next, open};
use crate::support::{TestServer, config, conversation, sample};

#[tokio::test]
async fn what_was_taken_on_is_finished() {
    let server = TestServer::start(config()).await;
    let sample = sample();
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let head = format!(
        "POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        sample.len()
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut leave = [0; 25];
    stream.read_exact(&mut leave).await.expect("leave to send");
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    // Another connection, which asks for nothing, does not hold it up.
    let _idle = TcpStream::connect(server.address).await.expect("a connection");

    server.handle.shut_down();
    stream.write_all(&sample).await.expect("written");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("a response, and the end of the connection");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(response.contains("\"model\":\"tiny\""), "{response}");
    server.ended.await.expect("the end").expect("a good one");
    assert!(TcpStream::connect(server.address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn a_stream_gets_its_last_section() {
    let server = TestServer::start(config()).await;
    let mut socket = open(&server, "?format=f32le", &[]).await.expect("a stream");
    let bytes: Vec<u8> = conversation().iter().flat_map(|x| x.to_le_bytes()).collect();
    socket.send(Message::Binary(bytes.into())).await.expect("sent");
    assert_eq!(next(&mut socket).await.expect("a word")["type"], "ready");
    assert_eq!(next(&mut socket).await.expect("a word")["type"], "frame");
    server.handle.shut_down();
    let mut last = Vec::new();
    let code = loop {
        match next(&mut socket).await {
            Ok(message) => last.push(message),
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1001, "the server goes away");
    let [.., segment, end] = &last[..] else { panic!("{last:?}") };
    assert_eq!((&segment["type"], &end["type"]), (&"segment".into(), &"end".into()));
    assert_eq!(segment["end_s"], end["duration_s"]);
    drop(socket);
    server.ended.await.expect("the end").expect("a good one");
}
