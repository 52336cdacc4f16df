//! Reading and writing the JSON files of a run.

use std::path::Path;

use clstm::write_atomic;
use serde::{Serialize, de::DeserializeOwned};

use crate::EvalError;

/// Reads a JSON file.
///
/// # Errors
/// [`EvalError::Io`]; [`EvalError::Malformed`] where it is not of the form of `T`.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, EvalError> {
    let text = std::fs::read(path).map_err(|e| EvalError::io(path, e))?;
    serde_json::from_slice(&text).map_err(|e| EvalError::malformed(path, e))
}

/// Writes a JSON file atomically: a reader finds the old file or the new one, never a part.
///
/// # Errors
/// [`EvalError::Io`]; [`EvalError::Malformed`] for a value that JSON cannot hold.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), EvalError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| EvalError::malformed(path, e))?;
    text.push(b'\n');
    write_atomic(path, &text).map_err(|e| EvalError::io(path, e))
}

/// Creates a folder and its parents.
///
/// # Errors
/// [`EvalError::Io`].
pub fn create_folder(path: &Path) -> Result<(), EvalError> {
    std::fs::create_dir_all(path).map_err(|e| EvalError::io(path, e))
}
