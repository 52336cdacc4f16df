//! The folder of a download's own things below that of the corpus, and the lock on it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::DownloadError;

/// `.clstm-download` in the folder of a corpus. Locked for as long as this lives.
pub(crate) struct WorkDir {
    path: PathBuf,
    _lock: File,
}

impl WorkDir {
    /// Makes the folders and locks them.
    pub(crate) fn enter(to: &Path) -> Result<Self, DownloadError> {
        let path = to.join(".clstm-download");
        fs::create_dir_all(&path).map_err(DownloadError::io("create", &path))?;
        let name = path.join("lock");
        let lock = File::create(&name).map_err(DownloadError::io("write", &name))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(DownloadError::Locked { folder: to.to_owned() });
            }
            // File systems without locks (some network shares) are used without.
            Err(TryLockError::Error(_)) => {}
        }
        let work_dir = Self { path, _lock: lock };
        work_dir.clear()?;
        Ok(work_dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where archives are unpacked before their files are moved.
    pub(crate) fn unpacking(&self) -> PathBuf {
        self.path.join("unpacking")
    }

    /// Takes away what an interrupted unpacking left.
    pub(crate) fn clear(&self) -> Result<(), DownloadError> {
        let path = self.unpacking();
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(DownloadError::io("delete", &path)(error))
            }
            _ => Ok(()),
        }
    }
}
