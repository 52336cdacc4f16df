//! Errors of starting and reloading a server.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clstm::ModelError;
use thiserror::Error;

/// Why a server cannot start or reload.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; another server may use the port; see --host and --port"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A model file cannot be used.
    #[error("{name}: {source}")]
    Model {
        /// The file.
        name: String,
        /// The reason.
        source: ModelError,
    },
    /// The configuration has no model.
    #[error("a server needs a model; name one with --model FILE")]
    NoModel,
    /// Two models have the same name, by which requests choose them.
    #[error("two models are named {name:?}; serve one of them")]
    SameName {
        /// The name.
        name: String,
    },
    /// An invalid origin for CORS.
    #[error("{origin:?} is not an origin; write it like https://example.org, or * for all")]
    Origin {
        /// The value given.
        origin: String,
    },
    /// The certificate or its key cannot be used.
    #[error("{}: {reason}; --tls-cert and --tls-key take PEM files that belong together", file.display())]
    Tls {
        /// The file.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The decode workers cannot be started.
    #[error("cannot start decode workers with {}: {source}", program.display())]
    DecodeWorkers {
        /// The program.
        program: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The operating system does not provide threads, signals or similar.
    #[error("cannot {action}: {source}")]
    System {
        /// What the server tried to do.
        action: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl ServerError {
    /// A short stable word for logs and JSON; it never changes between releases.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "listen",
            Self::Model { source, .. } => source.kind(),
            Self::NoModel | Self::SameName { .. } | Self::Origin { .. } => "config",
            Self::Tls { .. } => "tls",
            Self::System { .. } | Self::DecodeWorkers { .. } => "system",
        }
    }

    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { action, source }
    }
}
