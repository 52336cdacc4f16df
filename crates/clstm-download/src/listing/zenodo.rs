//! A record of Zenodo: `GET /api/records/ID` (<https://developers.zenodo.org>).

use serde::Deserialize;

use crate::http::Client;
use crate::listing::json;
use crate::{Checksum, DownloadError, Watch};

#[derive(Deserialize)]
struct Record {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    key: String,
    size: u64,
    /// `md5:` and the digits.
    checksum: String,
}

/// Length and checksum of a file of a record.
pub(crate) fn published(
    client: &Client,
    server: &str,
    record: u64,
    file: &str,
    watch: &Watch<'_>,
) -> Result<(u64, Checksum), DownloadError> {
    let url = format!("{server}api/records/{record}");
    let wrong = |problem| DownloadError::Listing { url: url.clone(), problem };
    let Record { files } = json(client, &url, watch)?;
    let found = files.into_iter().find(|found| found.key == file);
    let File { size, checksum, .. } = found.ok_or_else(|| wrong(format!("{file} is not in it")))?;
    let sum = checksum.split_once(':').and_then(|(kind, digits)| Checksum::parse(kind, digits));
    let sum = sum.ok_or_else(|| wrong(format!("{checksum:?} is not a checksum that is known")))?;
    Ok((size, sum))
}
