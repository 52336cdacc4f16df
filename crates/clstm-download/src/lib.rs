//! Downloads published corpora: by HTTP with resumption, checked against the checksums that their
//! archives publish, and unpacked with care.
//!
//! The library handles HTTP, checksums and archives, not audio. [`sources`] is what it can
//! get, [`download`] gets it and reports to a [`Progress`].
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::atomic::AtomicBool;
//!
//! use clstm_download::{Client, DownloadRequest, Settings, NoProgress, Monitor, download, source};
//!
//! # fn main() -> Result<(), clstm_download::DownloadError> {
//! let client = Client::new(Settings::default())?;
//! let request = DownloadRequest {
//!     source: source("ravdess")?,
//!     to: Path::new("data/ravdess"),
//!     from: None,
//!     keep_archive: false,
//! };
//! let stop = AtomicBool::new(false);
//! let done = download(&request, &client, &Monitor::new(&NoProgress, &stop))?;
//! assert_eq!(done.files, 1440);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod checksum;
mod corpus;
mod error;
mod fetch;
mod file_set;
mod first_use_checksum;
mod http;
mod install;
mod listing;
mod partial_file;
mod progress;
mod receipt;
mod source;
#[cfg(test)]
mod test_support;
mod unpack;
mod work_dir;

pub use checksum::Checksum;
pub use corpus::{DownloadRequest, DownloadSummary, download};
pub use error::DownloadError;
pub use http::{Client, Proxies, RetryPolicy, Settings};
pub use progress::{Event, Monitor, NoProgress, Progress};
pub use source::{Source, source, sources};
