//! Locks that keep two processes from writing to one output.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::CliError;
use crate::text::PathText;

/// Locks an open file until it is closed.
///
/// # Errors
/// If another process holds the lock. A file system without locks is no error.
pub(super) fn exclusive(file: &File, path: &Path) -> Result<(), CliError> {
    result(file.try_lock(), path)
}

fn result(locked: Result<(), TryLockError>, path: &Path) -> Result<(), CliError> {
    match locked {
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let path = path.text();
            Err(CliError::Failed(format!("another process is writing to {path}")))
        }
    }
}

/// The lock of a folder for results, held until it is dropped. It leaves no file behind.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _folder: Option<File>,
}

impl FolderLock {
    /// Locks an existing folder.
    ///
    /// # Errors
    /// If another process holds the lock.
    pub(crate) fn acquire(path: &Path) -> Result<Self, CliError> {
        Self::lock(path, File::try_lock)
    }

    /// Locks an existing folder together with other holders of a shared lock.
    ///
    /// # Errors
    /// If another process holds an exclusive lock.
    pub(crate) fn acquire_shared(path: &Path) -> Result<Self, CliError> {
        Self::lock(path, File::try_lock_shared)
    }

    fn lock(
        path: &Path,
        lock: impl Fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, CliError> {
        // Folders cannot be opened as files on Windows; there is no lock there.
        let folder = File::open(path).ok();
        if let Some(folder) = &folder {
            result(lock(folder), path)?;
        }
        Ok(Self { _folder: folder })
    }
}
