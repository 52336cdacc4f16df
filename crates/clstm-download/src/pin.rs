//! Trust on first use: where nobody published a checksum, the first download's is kept beside the
//! file in the form of `sha256sum`, and every later download has to have it.

use std::fs;
use std::path::Path;

use crate::DownloadError;
use crate::checksum::Sums;
use crate::part::beside;
use crate::watch::{Event, Watch};

/// Compares a file with its pin, or pins it.
pub(crate) fn check(
    file: &Path,
    name: &str,
    sums: &Sums,
    watch: &Watch<'_>,
) -> Result<(), DownloadError> {
    let pin = beside(file, ".sha256");
    let got = sums.sha256();
    let pinned = fs::read_to_string(&pin).ok();
    match pinned.as_deref().and_then(|text| text.split_whitespace().next()) {
        Some(expected) if expected.eq_ignore_ascii_case(&got) => {
            watch.tell(&Event::Unchanged { name });
            Ok(())
        }
        Some(expected) => Err(DownloadError::Changed {
            name: name.to_owned(),
            expected: expected.to_owned(),
            got,
            pin,
        }),
        None => {
            fs::write(&pin, format!("{got}  {name}\n"))
                .map_err(DownloadError::io("write", &pin))?;
            watch.tell(&Event::FirstUse { name, sha256: &got });
            Ok(())
        }
    }
}
