//! Which files there are, as the servers say.

pub(crate) mod dataverse;
pub(crate) mod git_lfs;
pub(crate) mod zenodo;

use std::io::Read;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::http::{Client, Framing, HttpError, Options};
use crate::progress::{Event, Monitor};
use crate::{Checksum, DownloadError};

/// A list of files has so many bytes at most; that of TESS has 3 MB.
const MAX_LISTING: u64 = 64 << 20;

/// A file that a server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Where it goes, below the folder of the corpus.
    pub(crate) path: PathBuf,
    /// Where it is to be had, the best place first.
    pub(crate) urls: Vec<String>,
    pub(crate) bytes: u64,
    pub(crate) checksum: Checksum,
}

/// Asks for a document of JSON, as often as the client's settings allow.
fn json<T: DeserializeOwned>(
    client: &Client,
    url: &str,
    monitor: &Monitor<'_>,
) -> Result<T, DownloadError> {
    monitor.emit(&Event::RequestingList { url });
    let text = client.with_retries(url, monitor, |_| {
        let response = client.get(url, Options::default())?;
        if response.head.status != 200 {
            return Err(HttpError::status(url, &response.head));
        }
        let too_long = || DownloadError::TooLong { url: url.to_owned(), most: MAX_LISTING };
        if matches!(response.framing, Framing::Length(length) if length > MAX_LISTING) {
            return Err(too_long().into());
        }
        let mut text = Vec::new();
        let mut limited = response.take(MAX_LISTING + 1);
        limited
            .read_to_end(&mut text)
            .map_err(|error| HttpError::reading(url, error, client.settings().stall_timeout))?;
        if text.len() as u64 > MAX_LISTING {
            return Err(too_long().into());
        }
        limited.into_inner().finish();
        Ok(text)
    })?;
    serde_json::from_slice(&text).map_err(|error| DownloadError::Listing {
        url: url.to_owned(),
        problem: format!("it is not as it should be ({error})"),
    })
}
