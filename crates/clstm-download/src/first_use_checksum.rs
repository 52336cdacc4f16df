//! Trust on first use: where no checksum is published, that of the first download is kept beside the
//! file in the form of `sha256sum`, and every later download has to have it.

use std::fs;
use std::path::Path;

use crate::DownloadError;
use crate::checksum::Sums;
use crate::partial_file::beside;
use crate::progress::{Event, Monitor};

/// Compares a file with its pin. True where it has one.
pub(crate) fn check(
    file: &Path,
    name: &str,
    sums: &Sums,
    monitor: &Monitor<'_>,
) -> Result<bool, DownloadError> {
    let pin = beside(file, ".sha256");
    let got = sums.sha256();
    let pinned = fs::read_to_string(&pin).unwrap_or_default();
    match pinned.split_whitespace().next() {
        Some(expected) if expected.eq_ignore_ascii_case(&got) => {
            monitor.emit(&Event::ChecksumUnchanged { name });
            Ok(true)
        }
        Some(expected) => {
            let (name, expected) = (name.to_owned(), expected.to_owned());
            Err(DownloadError::Changed { name, expected, got, pin })
        }
        None => Ok(false),
    }
}

/// Pins a file.
pub(crate) fn set(
    file: &Path,
    name: &str,
    sha256: &str,
    monitor: &Monitor<'_>,
) -> Result<(), DownloadError> {
    let pin = beside(file, ".sha256");
    fs::write(&pin, format!("{sha256}  {name}\n")).map_err(DownloadError::io("write", &pin))?;
    monitor.emit(&Event::ChecksumRecorded { name, sha256 });
    Ok(())
}
