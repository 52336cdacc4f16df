//! Identity of files, whatever path or link leads to them.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// Most links that follow each other, as on Linux.
const MAX_LINKS: usize = 40;

/// Identity of an existing file or folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum FileId {
    /// Device and inode: hard links are one file.
    #[cfg(unix)]
    Inode(u64, u64),
    /// The path without links.
    #[cfg(not(unix))]
    Path(PathBuf),
    /// A file that does not exist yet: its folder and its name.
    New(Box<FileId>, PathBuf),
}

impl FileId {
    /// The file that a path leads to, links followed; `None` if it does not exist.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let about = path.metadata().ok()?;
        Self::existing(path, &about)
    }

    /// The file that a path leads to, or would once it is created; `None` if its folder does not exist.
    pub(super) fn of_output(path: &Path) -> Option<Self> {
        Self::of_new(path, MAX_LINKS)
    }

    fn of_new(path: &Path, links: usize) -> Option<Self> {
        if let Some(id) = Self::of(path) {
            return Some(id);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        // A link to a file that does not exist creates that file.
        if links > 0
            && let Ok(target) = path.read_link()
        {
            return Self::of_new(&folder.join(target), links - 1);
        }
        let folder = Self::of(folder)?;
        Some(Self::New(Box::new(folder), PathBuf::from(path.file_name()?)))
    }

    #[cfg(unix)]
    #[allow(clippy::unnecessary_wraps)] // as elsewhere, where it can fail
    fn existing(_path: &Path, about: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self::Inode(about.dev(), about.ino()))
    }

    #[cfg(not(unix))]
    fn existing(path: &Path, _about: &Metadata) -> Option<Self> {
        path.canonicalize().ok().map(Self::Path)
    }
}
