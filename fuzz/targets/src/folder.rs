//! Files that a function reads by their paths.

use std::path::PathBuf;

use tempfile::TempDir;

/// A folder of a run of a target, removed at its end.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir();
        Self(folder.unwrap_or_else(|error| panic!("no temporary folder: {error}")))
    }

    /// Writes a file below the folder; its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        let parent = path.parent().unwrap_or(self.0.path());
        let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, bytes));
        written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &std::path::Path {
        self.0.path()
    }
}
