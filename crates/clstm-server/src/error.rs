//! Why a server does not start, or stops.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clstm::ModelError;
use thiserror::Error;

/// Why a server does not start, stops, or keeps its models.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is another server there? see --host and --port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A model cannot be used.
    #[error("{name}: {source}")]
    Model {
        /// The file.
        name: String,
        /// What is wrong with it.
        source: ModelError,
    },
    /// No model at all.
    #[error("a server needs a model; name one with --model FILE")]
    NoModel,
    /// Requests name models, so that each needs its own name.
    #[error("two models are named {name:?}; serve one of them")]
    SameName {
        /// The name.
        name: String,
    },
    /// An origin for CORS that is none.
    #[error("{origin:?} is no origin; write it like https://example.org, or * for all")]
    Origin {
        /// What was given.
        origin: String,
    },
    /// The certificate or its key cannot be used.
    #[error("{}: {reason}; --tls-cert and --tls-key take PEM files that belong together", file.display())]
    Tls {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refused threads, signals or the like.
    #[error("cannot {action}: {source}")]
    System {
        /// What for.
        action: &'static str,
        /// What the system said.
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
            Self::System { .. } => "system",
        }
    }

    pub(crate) fn system(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { action, source }
    }
}
