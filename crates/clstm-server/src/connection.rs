//! One connection, from its acceptance to its end.

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

use crate::app::App;
use crate::metrics::Counted;
use crate::patient::Patient;
use crate::share::Share;

/// Headers of a request together, in bytes.
const HEAD_BYTES: usize = 16 << 10;

/// How long a client is told that it has no place.
const TELLING: Duration = Duration::from_secs(1);

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What is said to a connection that is not served.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Word {
    /// There are too many connections.
    Full,
    /// There are too many of this client.
    Share,
    /// It does not begin with TLS.
    Plain,
}

impl Word {
    const fn text(self) -> &'static [u8] {
        match self {
            Self::Full => {
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\
Retry-After: 1\r\nConnection: close\r\n\r\n{\"error\":{\"kind\":\"overloaded\",\"message\":\
\"too many connections; try again later\"}}"
            }
            Self::Share => {
                b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n\
Retry-After: 1\r\nConnection: close\r\n\r\n{\"error\":{\"kind\":\"client_limit\",\"message\":\
\"too many connections of one client; close some\"}}"
            }
            Self::Plain => {
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\
Connection: close\r\n\r\n{\"error\":{\"kind\":\"tls\",\"message\":\
\"this server speaks TLS; begin the address with https:// or wss://\"}}"
            }
        }
    }
}

/// What a connection holds until its end.
pub(crate) struct Place {
    pub(crate) _room: OwnedSemaphorePermit,
    pub(crate) _share: Share,
    pub(crate) _unfinished: mpsc::Sender<()>,
}

/// Serves a connection to its end.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    service: Router,
    app: Arc<App>,
    _place: Place,
) {
    let _counted = Counted::new(&app.metrics.connections);
    // Events of a stream are small and must not wait for each other. A socket that refuses still works.
    let _ = stream.set_nodelay(true);
    if app.tls.is_none() {
        return talk(Patient::new(stream, app.limits.write_timeout), peer, service, &app).await;
    }
    let shaken = tokio::select! {
        shaken = timeout(app.limits.handshake_timeout, shake_hands(stream, &app)) => shaken,
        () = app.ended() => return,
    };
    match shaken {
        Ok(Ok(Some(stream))) => talk(stream, peer, service, &app).await,
        Ok(Ok(None)) => {}
        Ok(Err(error)) => log::debug!("no agreement on TLS: {error}"),
        Err(_) => log::debug!("no agreement on TLS in time"),
    }
}

/// Begins TLS. `None` where the other end does not want any, which it is told.
async fn shake_hands(
    stream: TcpStream,
    app: &App,
) -> io::Result<Option<TlsStream<Patient<TcpStream>>>> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    // A record of TLS begins with 22, a request with the capitals of its method.
    if first[0].is_ascii_uppercase() {
        tell(stream, Word::Plain).await;
        return Ok(None);
    }
    let Some(tls) = &app.tls else { return Ok(None) };
    let stream = Patient::new(stream, app.limits.write_timeout);
    tls.acceptor().accept(stream).await.map(Some)
}

/// Answers requests.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: IpAddr,
    service: Router,
    app: &App,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(app.limits.header_timeout)
        .max_header_size(HEAD_BYTES);
    let service = TowerToHyperService::new(service);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
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
        log::debug!("a connection broke: {error}");
    }
}

/// Says a word to a connection, and closes it.
pub(crate) async fn tell(mut stream: TcpStream, word: Word) {
    let told = async {
        stream.write_all(word.text()).await?;
        stream.shutdown().await?;
        // Closed with something unread, the connection would be cut before the client has read.
        let mut rest = [0; 4096];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(TELLING, told).await;
}
