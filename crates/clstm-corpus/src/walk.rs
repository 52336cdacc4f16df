//! Lists the files of a corpus in an order that does not depend on the file system.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clstm_audio::{EXTENSIONS, sniff};
use walkdir::{DirEntry, WalkDir};

use crate::CorpusError;
use crate::corpus::{LeftOut, LeftOutReason};

/// Audio formats that people have and that are not in [`EXTENSIONS`].
const UNREADABLE_AUDIO: &[&str] = &[
    "3ga", "ac3", "ape", "au", "dss", "dts", "m4p", "mpc", "nist", "ra", "snd", "sph", "tta",
    "voc", "vox", "wv",
];

/// Texts, lists and pictures that often lie beside recordings.
const DOCUMENTS: &[&str] = &[
    "csv", "doc", "docx", "html", "jpeg", "jpg", "json", "jsonl", "lab", "md", "ndjson", "ods",
    "odt", "pdf", "png", "py", "textgrid", "toml", "tsv", "txt", "xls", "xlsx", "xml", "yaml",
    "yml", "zip", "license",
];

/// Bytes that show whether a file is a recording.
const HEAD: u64 = 4096;

/// A file that may be a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// File name without its extension; invalid UTF-8 becomes replacement characters.
    pub(crate) stem: String,
    /// Extension in lower case.
    pub(crate) extension: String,
    /// Name of the folder that holds the file.
    pub(crate) folder: String,
    /// Folders between the root and the file, plus one.
    pub(crate) depth: usize,
}

/// The files of a folder.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Audio files that the decoders read, sorted by path.
    pub(crate) recordings: Vec<Found>,
    /// Other files, counted by extension; texts and lists are not counted.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Lists the recordings under `root`, at most `max_depth` levels down, and counts the files that no
/// decoder reads.
///
/// # Errors
///
/// Those of [`files`].
pub(crate) fn recordings(
    corpus: &'static str,
    root: &Path,
    max_depth: usize,
) -> Result<Listing, CorpusError> {
    let (recordings, others): (Vec<Found>, Vec<Found>) = all(corpus, root, max_depth)?
        .into_iter()
        .partition(|found| EXTENSIONS.contains(&found.extension.as_str()));
    let mut counts: BTreeMap<LeftOutReason, (usize, PathBuf)> = BTreeMap::new();
    for Found { extension, path, .. } in others {
        let reason = match extension.as_str() {
            known if UNREADABLE_AUDIO.contains(&known) => {
                LeftOutReason::UnreadableFormat(extension)
            }
            known if DOCUMENTS.contains(&known) => continue,
            "" if is_recording(&path) => LeftOutReason::NoExtension,
            // README, LICENSE and the like.
            "" => continue,
            _ => LeftOutReason::NotAudio(extension),
        };
        counts.entry(reason).or_insert_with(|| (0, path)).0 += 1;
    }
    let left_out = counts.into_iter();
    let left_out = left_out.map(|(reason, (files, example))| LeftOut { reason, files, example });
    Ok(Listing { recordings, left_out: left_out.collect() })
}

/// Whether a file begins like a recording.
fn is_recording(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && sniff(&head).is_some()
}

/// The files of a folder and the folders in it that no decoder reads and that are no texts or lists,
/// counted by extension: what a search for recordings leaves out.
///
/// # Errors
///
/// [`CorpusError::NotAFolder`] and [`CorpusError::Walk`].
pub fn left_out(folder: &Path) -> Result<Vec<LeftOut>, CorpusError> {
    Ok(recordings("manifest", folder, usize::MAX)?.left_out)
}

/// Lists the files under `root`, at most `max_depth` levels down, with one of `extensions` (lower
/// case, compared without case), sorted by path.
///
/// Hidden files and folders are skipped: macOS writes `._name.wav` beside files on foreign disks,
/// which have the names of recordings and are none. Symbolic links are followed, because shared data
/// is often linked into place.
///
/// # Errors
///
/// [`CorpusError::NotAFolder`]; [`CorpusError::Walk`] for a folder that cannot be listed and for a
/// dangling link: leaving it out would silently train another model.
pub(crate) fn files(
    corpus: &'static str,
    root: &Path,
    max_depth: usize,
    extensions: &[&str],
) -> Result<Vec<Found>, CorpusError> {
    let mut found = all(corpus, root, max_depth)?;
    found.retain(|file| extensions.contains(&file.extension.as_str()));
    Ok(found)
}

fn all(corpus: &'static str, root: &Path, max_depth: usize) -> Result<Vec<Found>, CorpusError> {
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
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        found.push(Found {
            stem: lossy(path.file_stem()),
            extension: lossy(path.extension()).to_ascii_lowercase(),
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
