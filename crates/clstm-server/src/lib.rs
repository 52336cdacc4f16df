//! Speech emotion recognition as a service: HTTP requests for recordings, WebSocket streams for live audio,
//! and a web page for both.
//!
//! ```no_run
//! use clstm_server::{ServerConfig, ModelSource};
//!
//! # fn main() -> Result<(), clstm_server::ServerError> {
//! let model = ModelSource::File("ravdess-clstm-plus.safetensors".into());
//! clstm_server::run(ServerConfig::new(vec![model]), |address| println!("http://{address}/"))
//! # }
//! ```
//!
//! [`Limits`] has all limits and quotas, and the server enforces them itself, without a gateway: bytes are
//! counted as they arrive and samples as they are decoded. Requests beyond a limit are rejected at once, with
//! `Retry-After`; accepted requests are finished. Inference runs on compute threads; the I/O threads never block.

#![forbid(unsafe_code)]

mod api_error;
mod auth;
mod body;
mod compute;
mod config;
mod connection;
mod decode;
mod error;
mod health;
mod metrics;
mod models;
mod openapi;
mod query;
mod quota;
mod response;
mod routes;
mod server;
mod signals;
mod state;
mod tls;
mod write_timeout;

pub use auth::{KeyError, Keys};
pub use config::{Limits, ServerConfig};
#[cfg(unix)]
pub use decode::run_decode_worker;
pub use decode::{DecodeWorkers, Decoding};
pub use error::ServerError;
pub use health::{HealthError, HealthTarget, check_health};
pub use models::ModelSource;
pub use routes::check_origin;
pub use server::{Handle, Server, run};
pub use tls::TlsFiles;
