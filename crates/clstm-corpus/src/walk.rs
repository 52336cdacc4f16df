//! Listing the files of a corpus in an order that no file system decides.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::CorpusError;

/// A file that may be a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// File name without its extension; invalid UTF-8 shows as replacement characters.
    pub(crate) stem: String,
    /// Extension in lower case.
    pub(crate) extension: String,
    /// Name of the folder that holds the file.
    pub(crate) folder: String,
    /// Folders between the root and the file, plus one.
    pub(crate) depth: usize,
}

/// Files under `root`, at most `max_depth` levels down, with one of `extensions` (lower case,
/// compared without case), sorted by path.
///
/// Hidden files and folders are passed over: macOS leaves `._name.wav` beside files on foreign
/// disks, which look like recordings and are not. Symbolic links are followed, as shared data is
/// often linked into place.
///
/// # Errors
///
/// Any folder that cannot be listed, and any dangling link: a corpus with a silent hole in it
/// would train a different model.
pub(crate) fn files(
    corpus: &'static str,
    root: &Path,
    max_depth: usize,
    extensions: &[&str],
) -> Result<Vec<Found>, CorpusError> {
    if !root.is_dir() {
        return Err(CorpusError::NotAFolder { corpus, root: root.to_owned() });
    }
    let mut found = Vec::new();
    let walk = WalkDir::new(root).max_depth(max_depth).follow_links(true);
    for entry in walk.into_iter().filter_entry(|e| e.depth() == 0 || !is_hidden(e)) {
        let entry = entry.map_err(|source| CorpusError::Walk {
            path: source.path().unwrap_or(root).to_owned(),
            source,
        })?;
        let path = entry.path();
        let extension = lossy(path.extension()).to_ascii_lowercase();
        if !entry.file_type().is_file() || !extensions.contains(&extension.as_str()) {
            continue;
        }
        found.push(Found {
            stem: lossy(path.file_stem()),
            extension,
            folder: folder_name(path),
            depth: entry.depth(),
            path: path.to_owned(),
        });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn lossy(name: Option<&std::ffi::OsStr>) -> String {
    name.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Resolves roots such as `.`, which have no name of their own.
fn folder_name(path: &Path) -> String {
    let Some(parent) = path.parent() else { return String::new() };
    match parent.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => lossy(parent.canonicalize().unwrap_or_default().file_name()),
    }
}
