//! Speech emotion recognition as a service: HTTP requests for recordings, WebSocket streams for live sound,
//! and a web page that shows both.
//!
//! ```no_run
//! use clstm_server::{Config, ModelSource};
//!
//! # fn main() -> Result<(), clstm_server::ServerError> {
//! let model = ModelSource::File("ravdess-clstm-plus.safetensors".into());
//! clstm_server::run(Config::new(vec![model]), |address| println!("http://{address}/"))
//! # }
//! ```
//!
//! What limits it is in [`Limits`], and each limit is held here rather than by a gateway: bytes are counted
//! as they come in, decoded sound as it is decoded, and what cannot be taken on is refused at once, with
//! `Retry-After`, while what was taken on is finished. Only threads of its own compute; those that hold the
//! connections never wait for a network's answer.

mod app;
mod compute;
mod config;
mod connection;
mod error;
mod intake;
mod keys;
mod metrics;
mod models;
mod patient;
mod query;
mod refusal;
mod routes;
mod server;
mod share;
mod signals;
mod tls;
mod wire;

pub use config::{Config, Limits};
pub use error::ServerError;
pub use keys::{KeyError, Keys};
pub use models::ModelSource;
pub use server::{Handle, Server, run};
pub use tls::TlsFiles;
