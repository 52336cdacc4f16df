//! TLS: the certificate, and how it is exchanged while connections come in.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::ServerError;

/// Files of PEM, read when the server starts and each time it is told to read them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate and those between it and its authority, in this order.
    pub certificate: PathBuf,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// What connections are encrypted with.
pub(crate) struct Tls {
    files: TlsFiles,
    acceptor: RwLock<TlsAcceptor>,
}

impl Tls {
    pub(crate) fn load(files: TlsFiles) -> Result<Self, ServerError> {
        let acceptor = RwLock::new(read(&files)?);
        Ok(Self { files, acceptor })
    }

    /// Reads the files again: connections from now on get what they say. Where they cannot be used, all stays
    /// as it is.
    pub(crate) fn reload(&self) -> Result<(), ServerError> {
        let fresh = read(&self.files)?;
        *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What the next connection is accepted with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// # Errors
/// If a file cannot be read, has nothing that fits, or the key is not that of the certificate.
fn read(files: &TlsFiles) -> Result<TlsAcceptor, ServerError> {
    let TlsFiles { certificate, key } = files;
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(certificate, error))?;
    if chain.is_empty() {
        return Err(wrong(certificate, "there is no certificate in it"));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret));
    let mut config = config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            wrong(key, format!("it is not the key of {}", certificate.display()))
        }
        rustls::Error::InvalidCertificate(_) => wrong(certificate, error),
        error => wrong(key, error),
    })?;
    // WebSockets begin as HTTP/1.1.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn wrong(file: &Path, why: impl Display) -> ServerError {
    ServerError::Tls { file: file.to_owned(), reason: why.to_string() }
}
