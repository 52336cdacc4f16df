//! Reading files of a size that can be.

use std::path::Path;

use clstm_eval::files::read_checked;
use serde::de::DeserializeOwned;

use crate::ReportError;

/// Bytes of the largest file that is read: predictions of a million utterances of eight classes, with
/// their logits, are about half of it.
const LARGEST: u64 = 1 << 30;

/// Refuses files that no run leaves.
pub(super) fn check_size(path: &Path) -> Result<(), ReportError> {
    let found = std::fs::metadata(path).map_err(|e| ReportError::io(path, e))?;
    if !found.is_file() {
        return Err(ReportError::malformed(path, "not a file"));
    }
    if found.len() > LARGEST {
        return Err(ReportError::malformed(path, format!("longer than {LARGEST} bytes")));
    }
    Ok(())
}

/// Reads JSON.
pub(super) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, ReportError> {
    check_size(path)?;
    let bytes = read_checked(path)?;
    serde_json::from_slice(&bytes).map_err(|e| ReportError::malformed(path, e))
}
