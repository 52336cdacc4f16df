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
        lock.add(run, fold)?;
        Ok(lock)
    }

    /// Locks rows of an ablation, each of which is a run of its own below `table`: jobs of other rows or folds may hold
    /// theirs at the same time.
    ///
    /// # Errors
    /// As of [`RunLock::acquire`].
    pub(crate) fn acquire_rows<'a>(
        table: &Path,
        rows: impl Iterator<Item = &'a str>,
        fold: Option<usize>,
    ) -> Result<Self, CliError> {
        let mut lock = Self::default();
        lock.create(table)?;
        lock.locks.push(FolderLock::acquire_shared(table)?);
        for row in rows {
            lock.add(&table.join(row), fold)?;
        }
        Ok(lock)
    }

    fn add(&mut self, run: &Path, fold: Option<usize>) -> Result<(), CliError> {
        self.create(run)?;
        match fold {
            None => self.locks.push(FolderLock::acquire(run)?),
            Some(fold) => {
                self.locks.push(FolderLock::acquire_shared(run)?);
                let folder = run.join(format!("fold-{fold}"));
                self.create(&folder)?;
                self.locks.push(FolderLock::acquire(&folder)?);
            }
        }
        Ok(())
    }

    /// Creates a folder and its parents, and notes which of them did not exist.
    fn create(&mut self, folder: &Path) -> Result<(), CliError> {
        let missing: Vec<PathBuf> = folder
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .take_while(|folder| !folder.exists())
            .map(Path::to_path_buf)
            .collect();
        if !missing.is_empty() {
            fs::create_dir_all(folder)
                .map_err(|error| CliError::writing(&folder.text(), &error))?;
        }
        self.created.extend(missing.into_iter().rev());
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

    #[test]
    fn rows_of_an_ablation_are_independent() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("deep/table");
        let acquire =
            |rows: &[&str], fold| RunLock::acquire_rows(&table, rows.iter().copied(), fold);
        let first = acquire(&["a", "b"], Some(1)).unwrap();
        let second = acquire(&["b", "c"], Some(2)).unwrap();
        assert!(acquire(&["b"], Some(1)).is_err() && acquire(&["c"], None).is_err());
        // A run cannot be put in the folder of the table.
        assert!(RunLock::acquire(&table, None).is_err());
        let other = acquire(&["d"], None).unwrap();
        // The first has created the folders that they share.
        drop((other, second, first));
        assert!(!folder.path().join("deep").exists(), "empty folders are removed");
    }
}
