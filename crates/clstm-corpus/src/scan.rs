//! Corpora whose files say by their names what they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::corpus::{DoubledUtterance, MalformedFile, ScanNotes};
use crate::walk::{self, Found};
use crate::{CorpusError, Utterance};

/// What a scan of a folder found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) utterances: Vec<Utterance>,
    pub(crate) notes: ScanNotes,
}

/// What a file is.
pub(crate) enum Judged {
    /// An utterance; its path is filled in by the scan.
    Utterance(Utterance),
    /// Well named and no part of the corpus as used here: the kind, such as `song`.
    PassedOver(&'static str),
}

/// Judges every file under `root`, at most `max_depth` levels down, with one of `extensions`; the
/// judge's error says what is wrong with its name or place.
///
/// Of several files of one utterance the nearest to the root is used, WAV before others (the
/// releases are WAV), then by path; the others are in [`ScanNotes::doubled`].
pub(crate) fn by_names(
    corpus: &'static str,
    root: &Path,
    max_depth: usize,
    extensions: &[&str],
    judge: impl Fn(&Found) -> Result<Judged, String>,
) -> Result<Scan, CorpusError> {
    let mut scan = Scan::default();
    let mut candidates: BTreeMap<String, Vec<(Utterance, Found)>> = BTreeMap::new();
    for found in walk::files(corpus, root, max_depth, extensions)? {
        match judge(&found) {
            Ok(Judged::Utterance(utterance)) => {
                candidates.entry(utterance.id.clone()).or_default().push((utterance, found));
            }
            Ok(Judged::PassedOver(kind)) => {
                *scan.notes.ignored.entry(kind.to_owned()).or_default() += 1;
            }
            Err(reason) => {
                scan.notes.malformed.push(MalformedFile { path: found.path, reason });
            }
        }
    }
    for (id, mut files) in candidates {
        files.sort_by_cached_key(|(_, f)| (f.depth, f.extension != "wav", f.path.clone()));
        let mut files = files.into_iter();
        let Some((utterance, kept)) = files.next() else { continue };
        let ignored: Vec<PathBuf> = files.map(|(_, f)| f.path).collect();
        if !ignored.is_empty() {
            let kept = kept.path.clone();
            scan.notes.doubled.push(DoubledUtterance { id, kept, ignored });
        }
        scan.utterances.push(Utterance { path: kept.path, ..utterance });
    }
    Ok(scan)
}
