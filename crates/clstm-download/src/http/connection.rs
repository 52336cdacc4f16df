//! A connection to a server: TCP, TLS over it for `https`, through a proxy where there is one.

use std::io::{self, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::http::proxy::Proxy;
use crate::http::url::Url;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) stall: Duration,
}

/// An open connection; what was read ahead belongs to it.
pub(crate) type Connection = BufReader<Stream>;

/// The bytes of a connection, enciphered or not.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// Waits so long for the next bytes from now on.
    pub(crate) fn set_read_timeout(&self, timeouts: Duration) -> io::Result<()> {
        let tcp = match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.sock,
        };
        tcp.set_read_timeout(Some(timeouts))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// Certificates are checked against Mozilla's roots, which are compiled in, and those of a file.
pub(crate) fn tls_config(file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = file {
        let wrong =
            |why: String| format!("certificates cannot be read from {}: {why}", file.display());
        let found = CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))?;
        for certificate in found {
            let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
            roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Connects to the server of an address.
pub(crate) fn open(
    url: &Url,
    proxy: Option<&Proxy>,
    tls: &Arc<ClientConfig>,
    timeouts: Timeouts,
) -> io::Result<Connection> {
    let (host, port) = match proxy {
        Some(proxy) => (proxy.host.as_str(), proxy.port),
        None => (url.host.as_str(), url.port),
    };
    let mut tcp = connect(host, port, timeouts)?;
    let stream = match (url.tls, proxy) {
        (false, _) => Stream::Plain(tcp),
        (true, proxy) => {
            if let Some(proxy) = proxy {
                tunnel(&mut tcp, url, proxy)?;
            }
            let name = ServerName::try_from(url.host.clone()).map_err(io::Error::other)?;
            let client = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
            Stream::Tls(Box::new(StreamOwned::new(client, tcp)))
        }
    };
    // A TLS record holds up to 16 KiB; a buffer of four keeps the copies few.
    Ok(BufReader::with_capacity(64 << 10, stream))
}

/// Tries the addresses of a host in turn.
fn connect(host: &str, port: u16, timeouts: Timeouts) -> io::Result<TcpStream> {
    let mut last = None;
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeouts.connect) {
            Ok(tcp) => {
                tcp.set_read_timeout(Some(timeouts.stall))?;
                tcp.set_write_timeout(Some(timeouts.stall))?;
                tcp.set_nodelay(true)?;
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has no address")))
}

/// Asks a proxy for a way through to the server (RFC 9110, section 9.3.6).
fn tunnel(tcp: &mut TcpStream, url: &Url, proxy: &Proxy) -> io::Result<()> {
    let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
    let to = format!("{host}:{}", url.port);
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
    if let Some(authorization) = &proxy.authorization {
        request += &format!("Proxy-Authorization: {authorization}\r\n");
    }
    request += "\r\n";
    tcp.write_all(request.as_bytes())?;
    // Byte by byte, for what follows the answer belongs to TLS.
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 16 << 10 || tcp.read(&mut byte)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the proxy hung up"));
        }
        head.push(byte[0]);
    }
    let line = String::from_utf8_lossy(head.split(|&b| b == b'\r').next().unwrap_or_default());
    match line.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(()),
        // Refused for a reason that stays: not a fault of the moment.
        _ => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("the proxy {}:{} refuses the way to {to}: {line}", proxy.host, proxy.port),
        )),
    }
}
