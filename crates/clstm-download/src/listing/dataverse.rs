//! A dataset of a Dataverse: `GET /api/datasets/:persistentId/?persistentId=DOI`, and its files by
//! `GET /api/access/datafile/ID` (<https://guides.dataverse.org/en/latest/api/>).

use std::path::PathBuf;

use serde::Deserialize;

use crate::http::{Client, escape_path};
use crate::listing::{Listed, json};
use crate::source::DataverseOrigin;
use crate::unpack::name;
use crate::{Checksum, DownloadError, Monitor};

#[derive(Deserialize)]
struct DatasetResponse {
    data: Dataset,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dataset {
    latest_version: Version,
}

#[derive(Deserialize)]
struct Version {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    directory_label: Option<String>,
    #[serde(default)]
    restricted: bool,
    data_file: DataFile,
}

#[derive(Deserialize)]
struct DataFile {
    id: u64,
    filename: String,
    filesize: u64,
    /// Since Dataverse 4.
    checksum: Option<Sum>,
    /// Beside it or, in old servers, instead.
    md5: Option<String>,
}

#[derive(Deserialize)]
struct Sum {
    r#type: String,
    value: String,
}

/// The files of a dataset on this server.
pub(crate) fn files(
    client: &Client,
    server: &str,
    origin: &DataverseOrigin,
    monitor: &Monitor<'_>,
) -> Result<Vec<Listed>, DownloadError> {
    let doi = origin.doi;
    let url = format!("{server}api/datasets/:persistentId/?persistentId={}", escape_path(doi));
    let wrong = |problem| DownloadError::Listing { url: url.clone(), problem };
    let response: DatasetResponse = json(client, &url, monitor)?;
    let entries = response.data.latest_version.files;
    let wanted = entries
        .into_iter()
        .filter(|entry| entry.data_file.filename.to_lowercase().ends_with(origin.ending));
    wanted
        .map(|entry| {
            let DataFile { id, filename, filesize, checksum, md5 } = entry.data_file;
            if entry.restricted {
                return Err(wrong(format!("{filename:?} is no longer open to the public")));
            }
            let folder = match entry.directory_label.as_deref() {
                None | Some("") => PathBuf::new(),
                Some(folder) => name::safe(folder.as_bytes()).map_err(wrong)?,
            };
            let path = folder.join(name::safe(filename.as_bytes()).map_err(wrong)?);
            let sum = match (checksum, md5) {
                (Some(sum), _) => Checksum::parse(&sum.r#type, &sum.value),
                (None, Some(md5)) => Checksum::parse("md5", &md5),
                (None, None) => None,
            };
            let checksum =
                sum.ok_or_else(|| wrong(format!("{filename:?} has no checksum that is known")))?;
            let urls = vec![format!("{server}api/access/datafile/{id}")];
            Ok(Listed { path, urls, bytes: filesize, checksum })
        })
        .collect()
}
