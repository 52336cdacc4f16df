//! Locks that keep two processes from training into one run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::output::FolderLock;
use crate::text::PathText;

/// The lock of a run, or of one of its folds, held until it is dropped. Folders that it has created and that are still
/// empty then are removed.
#[derive(Debug, Default)]
pub(crate) struct RunLock {
    locks: Vec<FolderLock>,
    created: Vec<PathBuf>,
}

impl RunLock {
    /// Locks a run, or with `fold` one of its folds: jobs of other folds may hold theirs at the same time.
    ///
    /// # Errors
    /// If another process holds the lock, or a folder cannot be created.
    pub(crate) fn acquire(run: &Path, fold: Option<usize>) -> Result<Self, CliError> {
        let mut lock = Self::default();
        lock.create(run)?;
        match fold {
            None => lock.locks.push(FolderLock::acquire(run)?),
            Some(fold) => {
                lock.locks.push(FolderLock::acquire_shared(run)?);
                let folder = run.join(format!("fold-{fold}"));
                lock.create(&folder)?;
                lock.locks.push(FolderLock::acquire(&folder)?);
            }
        }
        Ok(lock)
    }

    fn create(&mut self, folder: &Path) -> Result<(), CliError> {
        if !folder.exists() {
            fs::create_dir_all(folder)
                .map_err(|error| CliError::writing(&folder.text(), &error))?;
            self.created.push(folder.to_owned());
        }
        Ok(())
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        self.locks.clear();
        for folder in self.created.iter().rev() {
            // Fails, as intended, for a folder with content.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::RunLock;

    #[test]
    fn folds_are_independent_and_a_whole_run_is_exclusive() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let acquire = |fold| RunLock::acquire(&run, fold);
        let (first, second) = (acquire(Some(1)).unwrap(), acquire(Some(2)).unwrap());
        assert!(acquire(Some(1)).is_err() && acquire(None).is_err());
        // The first has created the folder of the run.
        drop(second);
        drop(first);
        assert!(!run.exists(), "empty folders are removed");
        let whole = acquire(None).unwrap();
        assert!(acquire(Some(1)).is_err() && acquire(None).is_err());
        std::fs::write(run.join("recipe.json"), "{}").unwrap();
        drop(whole);
        assert!(run.join("recipe.json").exists());
        acquire(Some(3)).unwrap();
    }
}
