//! Corpora whose file names hold the labels.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::corpus::{DuplicateFile, MalformedFile, ScanNotes};
use crate::walk::{self, Found, Listing};
use crate::{CorpusError, Utterance};

/// What a scan of a folder found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) utterances: Vec<Utterance>,
    pub(crate) notes: ScanNotes,
}

/// What a file is.
#[allow(clippy::large_enum_variant, reason = "one at a time, taken apart at once")]
pub(crate) enum FileKind {
    /// An utterance; the scan fills in its path.
    Utterance(Utterance),
    /// Well named and not part of the corpus as used here: the kind, such as `song`.
    Ignored(&'static str),
}

/// Classifies every recording under `root`, at most `max_depth` levels down; the classifier's error
/// names the fault in the name or place of a file.
///
/// Of several files of one utterance the nearest to the root is used, WAV before FLAC before others
/// (the releases are WAV), then by path; the others are in [`ScanNotes::duplicate_files`].
pub(crate) fn by_names(
    corpus: &'static str,
    root: &Path,
    max_depth: usize,
    classify: impl Fn(&Found) -> Result<FileKind, String>,
) -> Result<Scan, CorpusError> {
    let Listing { recordings, left_out } = walk::recordings(corpus, root, max_depth)?;
    let mut scan =
        Scan { notes: ScanNotes { left_out, ..ScanNotes::default() }, ..Scan::default() };
    let mut candidates: BTreeMap<String, Vec<(Utterance, Found)>> = BTreeMap::new();
    for found in recordings {
        match classify(&found) {
            Ok(FileKind::Utterance(utterance)) => {
                candidates.entry(utterance.id.clone()).or_default().push((utterance, found));
            }
            Ok(FileKind::Ignored(kind)) => {
                *scan.notes.ignored.entry(kind.to_owned()).or_default() += 1;
            }
            Err(reason) => {
                scan.notes.malformed.push(MalformedFile { path: found.path, reason });
            }
        }
    }
    for (id, mut files) in candidates {
        let format = |extension: &str| match extension {
            "wav" => 0,
            "flac" => 1,
            _ => 2,
        };
        files.sort_by_cached_key(|(_, f)| (f.depth, format(&f.extension), f.path.clone()));
        let mut files = files.into_iter();
        let Some((utterance, kept)) = files.next() else { continue };
        let ignored: Vec<PathBuf> = files.map(|(_, f)| f.path).collect();
        if !ignored.is_empty() {
            let identical = ignored.iter().all(|other| same_bytes(&kept.path, other));
            let kept = kept.path.clone();
            scan.notes.duplicate_files.push(DuplicateFile { id, kept, ignored, identical });
        }
        scan.utterances.push(Utterance { path: kept.path, ..utterance });
    }
    Ok(scan)
}

/// Whether two files have the same bytes; false where either cannot be read.
fn same_bytes(one: &Path, other: &Path) -> bool {
    let length = |path: &Path| fs::metadata(path).map(|meta| meta.len()).ok();
    if length(one).is_none() || length(one) != length(other) {
        return false;
    }
    let open = |path: &Path| File::open(path).map(BufReader::new);
    let (Ok(mut one), Ok(mut other)) = (open(one), open(other)) else { return false };
    let (mut left, mut right) = ([0; 8192], [0; 8192]);
    loop {
        let Ok(count) = one.read(&mut left) else { return false };
        if count == 0 {
            return true;
        }
        if other.read_exact(&mut right[..count]).is_err() || left[..count] != right[..count] {
            return false;
        }
    }
}
