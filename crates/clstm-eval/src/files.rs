//! Reading and writing the JSON files of a run.

use std::path::Path;

use clstm::audio::{MAX_LIST_BYTES, read_bounded};
use clstm::write_atomic;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Checksums, EvalError};

/// Reads a file and compares it with its checksum, where its folder has one.
///
/// # Errors
/// [`EvalError::Io`]; [`EvalError::Malformed`] where its content is not the one that was written.
pub fn read_checked(path: &Path) -> Result<Vec<u8>, EvalError> {
    let content = read_bounded(path, MAX_LIST_BYTES).map_err(|e| EvalError::io(path, e))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Checksums::read(folder.unwrap_or(Path::new(".")))?.check(path, &content)?;
    Ok(content)
}

/// Reads a JSON file, see [`read_checked`].
///
/// # Errors
/// [`EvalError::Io`]; [`EvalError::Malformed`] where it is not of the form of `T`.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, EvalError> {
    serde_json::from_slice(&read_checked(path)?).map_err(|e| EvalError::malformed(path, e))
}

/// Writes a JSON file atomically: a reader finds the old file or the new one, never a part.
///
/// # Errors
/// [`EvalError::Io`]; [`EvalError::Malformed`] for a value that JSON cannot hold.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), EvalError> {
    write_atomic(path, &json(path, value)?).map_err(|e| EvalError::io(path, e))
}

/// Writes a JSON file with its checksum, which comes first: a reader never finds a record without one.
///
/// # Errors
/// [`EvalError::Io`]; [`EvalError::Malformed`] for a value that JSON cannot hold.
pub fn write_record<T: Serialize>(folder: &Path, name: &str, value: &T) -> Result<(), EvalError> {
    let path = folder.join(name);
    let content = json(&path, value)?;
    let mut sums = Checksums::read(folder)?;
    sums.set(name, &content);
    sums.write(folder)?;
    write_atomic(&path, &content).map_err(|e| EvalError::io(&path, e))
}

fn json<T: Serialize>(path: &Path, value: &T) -> Result<Vec<u8>, EvalError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| EvalError::malformed(path, e))?;
    text.push(b'\n');
    Ok(text)
}

/// Creates a folder and its parents.
///
/// # Errors
/// [`EvalError::Io`].
pub fn create_folder(path: &Path) -> Result<(), EvalError> {
    std::fs::create_dir_all(path).map_err(|e| EvalError::io(path, e))
}

/// Removes the temporary files of [`clstm::write_atomic`] that a killed process has left in a folder. No other process
/// may be writing there.
pub fn remove_temporaries(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".tmp") {
            // What cannot be removed does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::remove_temporaries;

    #[test]
    fn temporary_files_of_a_killed_process_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [".metrics.json.a1B2c3.tmp", "metrics.json", ".hidden"] {
            std::fs::write(folder.path().join(name), "{").expect("written");
        }
        remove_temporaries(folder.path());
        assert_eq!(std::fs::read_dir(folder.path()).expect("entries").count(), 2);
        remove_temporaries(&folder.path().join("none"));
    }
}
