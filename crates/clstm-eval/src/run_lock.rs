//! One process at a time in a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::EvalError;

/// Excludes other processes from a folder until it is dropped, by a lock on the file `.lock` in it. A process that
/// is killed leaves the file, but no lock.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    /// Holds the lock.
    file: File,
}

impl RunLock {
    /// Name of the file.
    pub const FILE: &str = ".lock";

    /// Locks a folder, which must exist.
    ///
    /// # Errors
    /// [`EvalError::Locked`] where another process has it; [`EvalError::Io`].
    pub fn acquire(folder: &Path) -> Result<Self, EvalError> {
        let path = folder.join(Self::FILE);
        let io = |e| EvalError::io(&path, e);
        loop {
            let options = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
            let file = options.map_err(io)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    remove_temporaries(folder);
                    return Ok(Self { path, file });
                }
                // The process that had it removed the file in the meantime.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(EvalError::Locked { path: folder.to_owned() });
                }
                Err(TryLockError::Error(e)) => return Err(io(e)),
            }
        }
    }
}

/// Removes the temporary files that a killed process has left: those of [`clstm::write_atomic`].
fn remove_temporaries(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".tmp") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // While it is locked: another process then creates a new one.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Whether the file is still the one at its path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (ours, theirs) = (file.metadata(), std::fs::metadata(path));
    ours.ok().zip(theirs.ok()).is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::RunLock;
    use crate::EvalError;

    #[test]
    fn a_folder_is_locked_once_and_nothing_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = RunLock::acquire(folder.path()).expect("a lock");
        let second = RunLock::acquire(folder.path()).expect_err("locked");
        assert!(matches!(&second, EvalError::Locked { path } if path == folder.path()));
        assert!(second.to_string().contains("another process"), "{second}");
        drop(lock);
        assert_eq!(std::fs::read_dir(folder.path()).expect("entries").count(), 0);
        // What a killed process leaves.
        std::fs::write(folder.path().join(RunLock::FILE), "").expect("written");
        std::fs::write(folder.path().join(".metrics.json.a1B2c3.tmp"), "{").expect("written");
        drop(RunLock::acquire(folder.path()).expect("a lock"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("entries").count(), 0);
        assert!(RunLock::acquire(&folder.path().join("none")).is_err());
    }
}
