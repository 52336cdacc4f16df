//! The HTTP server, on a loopback address of this process.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use clstm_server::{Limits, ModelSource, ServerConfig};

/// A response takes milliseconds; a server that does not respond is a finding.
const PATIENCE: Duration = Duration::from_secs(60);
/// The server waits for more bytes, or computes for longer than usual.
const QUIET: Duration = Duration::from_millis(200);

/// The address of a server with a small model.
fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
            let model = fixtures.join("release-0.1/run/fold-1/model.safetensors");
            let limits = Limits {
                max_body_bytes: 1 << 20,
                max_duration_s: 5.0,
                max_timeline_s: 5.0,
                max_stream_s: 5.0,
                ..Limits::default()
            };
            let models = vec![ModelSource::File(model)];
            let mut config = ServerConfig { limits, ..ServerConfig::new(models) };
            config.listen.set_port(0);
            let ended = clstm_server::run(config, |address| {
                let _ = send.send(address);
            });
            panic!("the server ended: {ended:?}");
        });
        receive.recv().unwrap_or_else(|error| panic!("the server does not start: {error}"))
    })
}

/// What the server returns to these bytes. Once it is quiet, the client closes its half of the connection, which counts as
/// disconnected.
fn exchange(request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address()).unwrap_or_else(|e| panic!("no connection: {e}"));
    // The server may close the connection before it has read all.
    let _ = stream.set_write_timeout(Some(PATIENCE)).and_then(|()| stream.write_all(request));
    let mut response = Vec::new();
    let _ = stream.set_read_timeout(Some(QUIET));
    if read(&stream, &mut response) == Ended::Quiet {
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let ended = read(&stream, &mut response);
        assert!(ended == Ended::Closed, "the connection stays open for a minute");
    }
    response
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Closed,
    Quiet,
}

/// Reads until the connection is closed or quiet.
fn read(stream: &TcpStream, response: &mut Vec<u8>) -> Ended {
    match stream.take(16 << 20).read_to_end(response) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ended::Quiet
        }
        // Also reset, with bytes that the server has not read.
        _ => Ended::Closed,
    }
}

/// The status of a response.
fn status(response: &[u8]) -> Option<u16> {
    let rest = response.strip_prefix(b"HTTP/1.1 ")?;
    std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()
}

/// Any bytes as a connection.
pub(crate) fn http(data: &[u8]) {
    let response = exchange(data);
    if !response.is_empty() && status(&response) != Some(101) {
        let status = status(&response);
        assert!(status.is_some_and(|status| status < 600), "this is no response: {response:?}");
        assert!(status != Some(500), "an error of the server");
    }
}

/// Any bytes as the body of a form; its boundary is `X`.
pub(crate) fn form(data: &[u8]) {
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: \
         multipart/form-data; boundary=X\r\nContent-Length: {}\r\n\r\n",
        data.len()
    );
    let response = exchange(&[head.as_bytes(), data].concat());
    let status = status(&response);
    // None if the machine is so busy that the client gave up before.
    assert!(status != Some(500), "status {status:?}");
    assert!(status.is_some() || response.is_empty(), "this is no response: {response:?}");
}

/// Messages on a stream: a byte for the format of the samples, then for each message its type and length, and its bytes.
pub(crate) fn socket(data: &[u8]) {
    let Some((&first, mut data)) = data.split_first() else { return };
    let formats = ["rate=16000&format=s16le", "rate=16000&format=f32le", "format=webm"];
    let format = formats[usize::from(first % 3)];
    let mut request = format!(
        "GET /v1/stream?{format} HTTP/1.1\r\nHost: localhost\r\nConnection: \
         Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \
         MDEyMzQ1Njc4OTAxMjM0NQ==\r\n\r\n"
    )
    .into_bytes();
    while let [kind, length, rest @ ..] = data {
        // Opcodes and flags as they are; the length of a message as its frame gives it, masked by zeros.
        let (payload, after) = rest.split_at(usize::from(*length).min(rest.len()));
        request.push(*kind);
        match u8::try_from(payload.len()) {
            Ok(short) if short < 126 => request.push(0x80 | short),
            _ => {
                request.push(0x80 | 126);
                request.extend((payload.len() as u16).to_be_bytes());
            }
        }
        request.extend([0; 4]);
        request.extend_from_slice(payload);
        data = after;
    }
    let response = exchange(&request);
    assert!(response.is_empty() || status(&response) == Some(101), "no upgrade: {response:?}");
    let internal = br#""kind":"internal""#;
    assert!(!response.windows(internal.len()).any(|part| part == internal), "an internal error");
}
