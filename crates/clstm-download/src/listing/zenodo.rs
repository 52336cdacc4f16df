//! A record of Zenodo: `GET /api/records/ID` (<https://developers.zenodo.org>).

use serde::Deserialize;

use crate::http::Client;
use crate::listing::json;
use crate::{Checksum, DownloadError, Monitor};

#[derive(Deserialize)]
struct Receipt {
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
    monitor: &Monitor<'_>,
) -> Result<(u64, Checksum), DownloadError> {
    let url = format!("{server}api/records/{record}");
    let wrong = |problem| DownloadError::Listing { url: url.clone(), problem };
    let Receipt { files } = json(client, &url, monitor)?;
    let found = files.into_iter().find(|found| found.key == file);
    let File { size, checksum, .. } = found.ok_or_else(|| wrong(format!("{file} is not in it")))?;
    let sum = checksum.split_once(':').and_then(|(kind, digits)| Checksum::parse(kind, digits));
    let sum = sum.ok_or_else(|| wrong(format!("{checksum:?} is not a checksum that is known")))?;
    Ok((size, sum))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::test_support::{self, response};
    use crate::{NoProgress, Settings};

    fn asked(body: &'static str) -> Result<(u64, Checksum), DownloadError> {
        let server = test_support::serve(vec![("/api/records/1188976", response("200 OK", body))]);
        let client = Client::new(Settings::default())?;
        let stop = AtomicBool::new(false);
        published(&client, &server, 1_188_976, "b.zip", &Monitor::new(&NoProgress, &stop))
    }

    #[test]
    fn a_record_gives_length_and_checksum() {
        let sum = "d41d8cd98f00b204e9800998ecf8427e";
        let record = r#"{"id":1188976,"files":[
            {"key":"a.zip","size":1,"checksum":"md5:0","links":{"self":"https://x"}},
            {"key":"b.zip","size":22,"checksum":"md5:d41d8cd98f00b204e9800998ecf8427e"}]}"#;
        assert_eq!(asked(record).unwrap(), (22, Checksum::md5(sum)));
    }

    #[test]
    fn records_without_it_are_refused() {
        for (record, words) in [
            (r#"{"files":[]}"#, "b.zip is not in it"),
            (r#"{"files":[{"key":"b.zip","size":1,"checksum":"sha1:00"}]}"#, "not a checksum"),
            (r#"{"files":{}}"#, "not as it should be"),
        ] {
            let text = asked(record).unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
    }
}
