//! Lists of files from the servers.

pub(crate) mod dataverse;
pub(crate) mod git_lfs;
pub(crate) mod zenodo;

use std::io::Read;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::http::{Client, HttpError};
use crate::progress::{Event, Monitor};
use crate::{Checksum, DownloadError};

/// Largest list of files in bytes; that of TESS has 3 MB.
const MAX_LISTING: u64 = 64 << 20;

/// A file that a server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Where it goes, below the folder of the corpus.
    pub(crate) path: PathBuf,
    /// Addresses to get it from, the best first.
    pub(crate) urls: Vec<String>,
    pub(crate) bytes: u64,
    pub(crate) checksum: Checksum,
}

/// Requests a JSON document, with the client's retries.
fn json<T: DeserializeOwned>(
    client: &Client,
    url: &str,
    monitor: &Monitor<'_>,
) -> Result<T, DownloadError> {
    monitor.emit(&Event::RequestingList { url });
    let text = client.with_retries(url, monitor, |_| {
        let response = client.get(url, &[])?;
        if response.status() != 200 {
            return Err(HttpError::status(url, &response));
        }
        let too_long = || DownloadError::TooLong { url: url.to_owned(), most: MAX_LISTING };
        if response.length.is_some_and(|length| length > MAX_LISTING) {
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
        Ok(text)
    })?;
    serde_json::from_slice(&text).map_err(|error| DownloadError::Listing {
        url: url.to_owned(),
        problem: format!("it is not as it should be ({error})"),
    })
}
