//! One connection, from acceptance to close.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::metrics::GaugeGuard;
use crate::quota::QuotaGuard;
use crate::state::AppState;
use crate::write_timeout::WriteTimeout;

/// Maximum size of a request head, in bytes.
const HEAD_BYTES: usize = 16 << 10;

/// Maximum size of the read buffer and of the write buffer of a connection before the upgrade to a WebSocket,
/// in bytes. Clients that send requests without reading the responses cost no more than this.
const BUFFER_BYTES: usize = 64 << 10;

/// How long a rejected connection may take to read its error response.
const REJECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Request extension: the address of the client's socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerAddr(pub(crate) IpAddr);

/// Why a connection is rejected before its first request is parsed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rejection {
    /// [`Limits::max_connections`](crate::Limits::max_connections) is reached.
    Full,
    /// The client's quota of connections is used up.
    ClientLimit,
    /// Plain HTTP on a TLS port.
    PlainHttp,
}

impl Rejection {
    /// A complete HTTP response.
    const fn response(self) -> &'static [u8] {
        match self {
            Self::Full => {
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\
Retry-After: 1\r\nConnection: close\r\n\r\n{\"error\":{\"kind\":\"overloaded\",\"message\":\
\"too many connections; try again later\"}}"
            }
            Self::ClientLimit => {
                b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n\
Retry-After: 1\r\nConnection: close\r\n\r\n{\"error\":{\"kind\":\"client_limit\",\"message\":\
\"too many connections of one client; close some\"}}"
            }
            Self::PlainHttp => {
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\
Connection: close\r\n\r\n{\"error\":{\"kind\":\"tls\",\"message\":\
\"this server expects TLS; use an https:// or wss:// address\"}}"
            }
        }
    }
}

/// What a connection holds until it closes.
pub(crate) struct ConnectionGuard {
    pub(crate) _permit: OwnedSemaphorePermit,
    pub(crate) _quota: QuotaGuard,
    pub(crate) _unfinished: mpsc::Sender<()>,
}

/// Serves a connection until it closes.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    service: Router,
    app: Arc<AppState>,
    _guard: ConnectionGuard,
) {
    let _gauge = GaugeGuard::new(&app.metrics.connections);
    // Stream events are small and must not wait for Nagle's algorithm. Without the option all still works.
    let _ = stream.set_nodelay(true);
    if app.tls.is_none() {
        let stream = WriteTimeout::new(stream, app.limits.write_timeout);
        return serve_http(stream, peer, service, &app).await;
    }
    let handshake = tokio::select! {
        handshake = timeout(app.limits.handshake_timeout, tls_handshake(stream, &app)) => handshake,
        () = app.ended() => return,
    };
    match handshake {
        Ok(Ok(Some(stream))) => serve_http(stream, peer, service, &app).await,
        Ok(Ok(None)) => {}
        Ok(Err(error)) => tracing::debug!("TLS handshake failed: {error}"),
        Err(_) => tracing::debug!("TLS handshake timed out"),
    }
}

/// Accepts TLS. `None` if the client sent plain HTTP and was rejected.
async fn tls_handshake(
    stream: TcpStream,
    app: &AppState,
) -> io::Result<Option<TlsStream<WriteTimeout<TcpStream>>>> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    // A TLS record begins with 22, an HTTP request with an upper-case letter.
    if first[0].is_ascii_uppercase() {
        reject(stream, Rejection::PlainHttp).await;
        return Ok(None);
    }
    let Some(tls) = &app.tls else { return Ok(None) };
    let stream = WriteTimeout::new(stream, app.limits.write_timeout);
    tls.acceptor().accept(stream).await.map(Some)
}

/// Serves the requests of a connection.
async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: IpAddr,
    service: Router,
    app: &AppState,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(app.limits.header_timeout)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(BUFFER_BYTES);
    let service = TowerToHyperService::new(service);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddr(peer));
        service.call(request)
    });
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = app.ended() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!("connection error: {error}");
    }
}

/// Sends the error response of a rejection and closes the connection.
pub(crate) async fn reject(mut stream: TcpStream, rejection: Rejection) {
    let sent = async {
        stream.write_all(rejection.response()).await?;
        stream.shutdown().await?;
        // Closing with unread bytes would reset the connection before the client reads the response.
        let mut rest = [0; 4096];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(REJECT_TIMEOUT, sent).await;
}
