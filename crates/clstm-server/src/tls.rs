//! TLS: the certificate and its reload.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use clstm::audio::{MAX_SETTINGS_BYTES, read_bounded};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio_rustls::TlsAcceptor;

use crate::ServerError;

/// PEM files, read when the server starts and at each reload.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The server's certificate, then its intermediate certificates.
    pub certificate: PathBuf,
    /// The private key of the certificate: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// The loaded certificate and key.
pub(crate) struct Tls {
    files: TlsFiles,
    acceptor: RwLock<TlsAcceptor>,
}

impl Tls {
    pub(crate) fn load(files: TlsFiles) -> Result<Self, ServerError> {
        let acceptor = RwLock::new(read(&files)?);
        Ok(Self { files, acceptor })
    }

    /// Reads the files again, for new connections. If they cannot be used, the old certificate stays.
    pub(crate) fn reload(&self) -> Result<(), ServerError> {
        let fresh = read(&self.files)?;
        *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The acceptor for the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// # Errors
/// If a file cannot be read, has no certificate or key, or if the two do not match.
fn read(files: &TlsFiles) -> Result<TlsAcceptor, ServerError> {
    let TlsFiles { certificate, key } = files;
    let pem = |file: &Path| {
        read_bounded(file, MAX_SETTINGS_BYTES).map_err(|error| tls_error(file, error))
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|error| tls_error(certificate, error))?;
    if chain.is_empty() {
        return Err(tls_error(certificate, "the file has no certificate"));
    }
    let secret =
        PrivateKeyDer::from_pem_slice(&pem(key)?).map_err(|error| tls_error(key, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret));
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            tls_error(key, format!("the key does not belong to {}", certificate.display()))
        }
        rustls::Error::InvalidCertificate(_) => tls_error(certificate, error),
        error => tls_error(key, error),
    })?;
    // The WebSocket handshake is HTTP/1.1.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn tls_error(file: &Path, why: impl Display) -> ServerError {
    ServerError::Tls { file: file.to_owned(), reason: why.to_string() }
}
