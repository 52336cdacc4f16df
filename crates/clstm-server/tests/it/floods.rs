//! Clients that send without reading.

use clstm_server::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::clock::StoppedClock;
use crate::support::TestServer;
use crate::timeouts::gauge;

/// A connection whose receive buffer is small.
async fn connect(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    socket.connect(server.address).await.expect("a connection")
}

/// Sends `bytes` again and again, a second of the server's clock for each time, until the server closes the connection.
/// Returns how often they were sent completely.
async fn flood(stream: &mut TcpStream, bytes: &[u8], clock: &StoppedClock) -> usize {
    for sent in 0..200 {
        let mut left = bytes;
        while !left.is_empty() {
            match stream.try_write(left) {
                Ok(count) => left = &left[count..],
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    // The server does not read: only its clock advances.
                    clock.advance(1).await;
                }
                Err(_) => return sent,
            }
            tokio::task::yield_now().await;
        }
        clock.advance(1).await;
    }
    panic!("the server continues for a client that does not read");
}

#[tokio::test]
async fn pings_without_reading_end_the_stream() {
    let server = TestServer::with(Limits {
        stream_timeout: std::time::Duration::from_secs(9999),
        ..Limits::default()
    })
    .await;
    let clock = StoppedClock::new();
    let mut stream = connect(&server).await;
    let head = "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("written");
    gauge(&server, "streams", 1).await;
    // Masked pings of 125 bytes, a mebibyte of them.
    let ping = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[7; 125]].concat();
    flood(&mut stream, &ping.repeat(8000), &clock).await;
    gauge(&server, "streams", 0).await;
}

#[tokio::test]
async fn requests_without_reading_end_the_connection() {
    let server = TestServer::with(Limits::default()).await;
    let clock = StoppedClock::new();
    let mut stream = connect(&server).await;
    let request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    flood(&mut stream, &request, &clock).await;
    gauge(&server, "connections", 1).await;
}
