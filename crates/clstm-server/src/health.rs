//! A health check of a running server, for supervisors and container images without an HTTP client.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};
use thiserror::Error;

/// Beginning of a successful response.
const STATUS_OK: &[u8] = b"HTTP/1.1 200 ";

/// The address of a server: `ADDRESS:PORT`, `http://HOST[:PORT]` or `https://HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthTarget {
    tls: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
}

/// Why a server is not healthy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HealthError {
    /// The file of trusted certificates.
    #[error("{}: {reason}", file.display())]
    Certificates {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An `https` target without certificates to trust.
    #[error("https needs the certificate of the server or of its authority (PEM)")]
    NoCertificates,
    /// The connection, its encryption, or the time.
    #[error("{0}")]
    Connection(#[from] io::Error),
    /// Something that does not begin like a response with status 200.
    #[error("the response begins with {0:?}, not with status 200")]
    Response(String),
}

impl FromStr for HealthTarget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected ADDRESS:PORT, http://HOST[:PORT] or https://HOST[:PORT]";
        let (tls, rest, default) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest, Some(80)),
            Some(("https", rest)) => (true, rest, Some(443)),
            Some(_) => return Err(expected),
            None => {
                let address: SocketAddr = text.parse().map_err(|_| expected)?;
                return Ok(Self {
                    tls: false,
                    host: address.ip().to_string(),
                    port: address.port(),
                });
            }
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match authority.rsplit_once(':') {
            // A colon within brackets belongs to an IPv6 address.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let port = port.map_or(Ok(default), |port| port.parse().map(Some));
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match port {
            Ok(Some(port)) if !host.is_empty() && !host.contains(['/', '@', '[', ' ']) => {
                Ok(Self { tls, host: host.to_owned(), port })
            }
            _ => Err(expected),
        }
    }
}

/// `http://HOST:PORT`, or `https`.
impl fmt::Display for HealthTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl HealthTarget {
    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// Requests `/healthz`; each step of the connection may take `timeout`. Blocks.
///
/// An `https` server is trusted if its certificate is in the PEM file `certificates`, whatever name the certificate has, or if
/// one of the certificates there signed it for the host of `target`.
///
/// # Errors
/// See [`HealthError`].
pub fn check_health(
    target: &HealthTarget,
    certificates: Option<&Path>,
    timeout: Duration,
) -> Result<(), HealthError> {
    let tls = match (target.tls, certificates) {
        (false, _) => None,
        (true, None) => return Err(HealthError::NoCertificates),
        (true, Some(file)) => Some(connection(target, file)?),
    };
    let stream = connect(target, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    let begin = match tls {
        None => request(target, stream)?,
        Some(tls) => request(target, StreamOwned::new(tls, stream))?,
    };
    match begin == STATUS_OK {
        true => Ok(()),
        false => Err(HealthError::Response(String::from_utf8_lossy(&begin).into_owned())),
    }
}

/// Connects to the first address of the host that accepts.
fn connect(target: &HealthTarget, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (target.host.as_str(), target.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The beginning of the response: as many bytes as [`STATUS_OK`] has.
fn request(target: &HealthTarget, mut stream: impl Read + Write) -> io::Result<Vec<u8>> {
    let host = target.authority();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut begin = Vec::new();
    stream.take(STATUS_OK.len() as u64).read_to_end(&mut begin)?;
    Ok(begin)
}

fn connection(target: &HealthTarget, file: &Path) -> Result<ClientConnection, HealthError> {
    let failed = |reason: String| HealthError::Certificates { file: file.to_owned(), reason };
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| failed(error.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("the file has no certificate".to_owned()));
    }
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots.add(certificate.clone()).map_err(|error| failed(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { certificates, signed }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
    Ok(ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?)
}

/// Trusts the certificates themselves and what they signed. A server's own certificate is often not valid for the loopback
/// address that is checked, and a self-signed one is often marked as an authority, which the usual rules reject.
#[derive(Debug)]
struct Verifier {
    certificates: Vec<CertificateDer<'static>>,
    signed: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.certificates.iter().any(|certificate| certificate == end_entity) {
            // The handshake proves that the server has its key.
            return Ok(ServerCertVerified::assertion());
        }
        self.signed.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::HealthTarget;

    #[test]
    fn targets_are_addresses_and_urls() {
        for (text, url) in [
            ("127.0.0.1:8765", "http://127.0.0.1:8765"),
            ("[::1]:9000", "http://[::1]:9000"),
            ("http://localhost:8765/", "http://localhost:8765"),
            ("https://example.org", "https://example.org:443"),
            ("https://[::1]", "https://[::1]:443"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(
                text.parse::<HealthTarget>().map(|target| target.to_string()),
                Ok(url.to_owned())
            );
        }
        for wrong in [
            "example.org",
            "localhost:80",
            "ftp://a",
            "https://",
            "https://a:b",
            "http://a/x",
            "https://u@a",
        ] {
            assert!(wrong.parse::<HealthTarget>().is_err(), "{wrong}");
        }
    }
}
