//! Downloads published corpora: by HTTP with resumption, checked against the checksums that their
//! archives publish, and unpacked with care.
//!
//! The library knows HTTP, checksums and archives, and nothing of audio. [`sources`] is what it can
//! get, [`download`] gets it; what happens meanwhile is told to a [`Progress`].
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::atomic::AtomicBool;
//!
//! use clstm_download::{Client, Order, Settings, Silent, Watch, download, source};
//!
//! # fn main() -> Result<(), clstm_download::DownloadError> {
//! let client = Client::new(Settings::default())?;
//! let order = Order {
//!     source: source("ravdess")?,
//!     to: Path::new("data/ravdess"),
//!     from: None,
//!     keep_archive: false,
//! };
//! let stop = AtomicBool::new(false);
//! let done = download(&order, &client, &Watch::new(&Silent, &stop))?;
//! assert_eq!(done.files, 1440);
//! # Ok(())
//! # }
//! ```

mod checksum;
mod corpus;
mod error;
mod fetch;
mod http;
mod listing;
mod part;
mod pin;
mod place;
mod record;
mod room;
mod set;
mod source;
#[cfg(test)]
mod testing;
mod unpack;
mod watch;

pub use checksum::Checksum;
pub use corpus::{Done, Order, download};
pub use error::DownloadError;
pub use http::{Client, Proxies, Settings};
pub use source::{Source, source, sources};
pub use watch::{Event, Progress, Silent, Watch};
