use axum::body::{Body, Bytes};
use clstm_server::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{form, get, post, send};
use crate::support::{TestServer, conversation, sample, wav};

/// Sends bytes as they are, and reads until the server closes.
async fn raw(server: &TestServer, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(bytes).await.expect("written");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.expect("a response");
    String::from_utf8(response).expect("text")
}

#[tokio::test]
async fn a_body_is_counted_as_it_comes() {
    let small = Limits { max_body_bytes: 100_000, ..Limits::default() };
    let server = TestServer::with(small).await;
    let large = vec![0_u8; 100_001];
    let expected = (413, "too_large".to_owned());
    // With a Content-Length, in a form, and in chunks without any.
    let response = post(server.address, "/v1/recognize", large.clone()).await;
    assert_eq!(response.error(), expected);
    let response = send(server.address, form("/v1/batch", &[("file", "a", &large)])).await;
    assert_eq!(response.error(), expected);
    let chunks = futures_util::stream::iter(
        (0..101).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[7; 1000]))),
    );
    let response = post(server.address, "/v1/recognize", Body::from_stream(chunks)).await;
    assert_eq!(response.error(), expected);
    // What is within is read.
    assert_eq!(post(server.address, "/v1/recognize", sample()).await.status, 200);
}

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let server = TestServer::with(Limits { max_buffered_bytes: 50_000, ..Limits::default() }).await;
    let response = post(server.address, "/v1/recognize", sample()).await;
    assert_eq!(response.headers["retry-after"], "1");
    assert_eq!(response.error(), (503, "overloaded".to_owned()));
    // The room of what was refused is free again.
    let short = wav(&conversation()[..20_000]);
    for _ in 0..3 {
        assert_eq!(post(server.address, "/v1/recognize", short.clone()).await.status, 200);
    }
}

#[tokio::test]
async fn sound_is_counted_as_it_is_decoded() {
    let limits = Limits { max_duration_s: 3.0, max_timeline_s: 6.0, ..Limits::default() };
    let server = TestServer::with(limits).await;
    let long = wav(&conversation());
    for path in ["/v1/recognize", "/v1/recognize?timeline=segments"] {
        let response = post(server.address, path, long.clone()).await;
        assert_eq!(response.error(), (413, "too_long".to_owned()), "{path}");
        assert_eq!(post(server.address, path, sample()).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn more_files_than_allowed_are_refused() {
    let server = TestServer::with(Limits { max_batch_files: 2, ..Limits::default() }).await;
    let (sample, file) = (sample(), "file");
    let files = [(file, "a", &sample[..]), (file, "b", &sample), (file, "c", &sample)];
    let response = send(server.address, form("/v1/batch", &files)).await;
    assert_eq!(response.error(), (413, "too_many_files".to_owned()));
    assert_eq!(send(server.address, form("/v1/batch", &files[..2])).await.status, 200);
    let response = send(server.address, form("/v1/recognize", &files[..2])).await;
    assert_eq!(response.error(), (413, "too_many_files".to_owned()), "one at a time");
}

#[tokio::test]
async fn what_cannot_be_taken_on_is_refused_at_once() {
    let none = Limits { max_recordings: 0, max_timelines: 0, max_streams: 0, ..Limits::default() };
    let server = TestServer::with(none).await;
    let batch = form("/v1/batch", &[("file", "a", &sample())]);
    for response in [
        post(server.address, "/v1/recognize", sample()).await,
        post(server.address, "/v1/recognize?timeline=frames", sample()).await,
        send(server.address, batch).await,
    ] {
        assert_eq!(response.headers["retry-after"], "1");
        assert_eq!(response.error(), (503, "overloaded".to_owned()));
    }
    let upgrade = "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(upgrade.as_bytes()).await.expect("written");
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.expect("a status");
    assert_eq!(&head, b"HTTP/1.1 503");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_overload_each_request_is_processed_or_refused() {
    let server = TestServer::with(Limits { max_recordings: 3, ..Limits::default() }).await;
    let address = server.address;
    let recording = wav(&conversation());
    let expected = post(address, "/v1/recognize", recording.clone()).await.body;
    let clients: Vec<_> = (0..64)
        .map(|_| {
            let recording = recording.clone();
            tokio::spawn(async move { post(address, "/v1/recognize", recording).await })
        })
        .collect();
    let mut replied = 0;
    for client in clients {
        let response = client.await.expect("a response or a refusal");
        if response.status == 200 {
            assert_eq!(response.body, expected);
            replied += 1;
        } else {
            assert_eq!(response.headers["retry-after"], "1");
            assert_eq!(response.error(), (503, "overloaded".to_owned()));
        }
    }
    assert!(replied > 0);
    assert_eq!(post(address, "/v1/recognize", recording).await.body, expected, "as before");
    let metrics = get(address, "/metrics").await.body;
    let text = String::from_utf8(metrics.to_vec()).expect("text");
    assert!(text.contains("clstm_recordings 0\n"), "{text}");
}

#[tokio::test]
async fn connections_beyond_the_limit_get_an_error() {
    let server = TestServer::with(Limits { max_connections: 1, ..Limits::default() }).await;
    let mut first = TcpStream::connect(server.address).await.expect("a connection");
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("written");
    let mut head = [0; 12];
    first.read_exact(&mut head).await.expect("a status");
    assert_eq!(&head, b"HTTP/1.1 200");
    let response = raw(&server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(
        response.starts_with("HTTP/1.1 503") && response.contains("Retry-After: 1"),
        "{response}"
    );
    let body = response.split_once("\r\n\r\n").expect("a body").1;
    let error: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(error["error"]["kind"], "overloaded");
}

#[tokio::test]
async fn a_client_that_waits_for_leave_is_refused_before_it_sends() {
    let server = TestServer::with(Limits { max_body_bytes: 1000, ..Limits::default() }).await;
    let head = "POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
                Connection: close\r\nContent-Length: 2000\r\n\r\n";
    let response = raw(&server, head.as_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 413"), "{response}");
}
