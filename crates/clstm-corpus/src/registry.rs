//! The supported corpora.

use std::path::Path;

use serde::Serialize;

use crate::adapters::{
    ased, audiofolder, crema_d, emo_db, emobox_list, emotale, iemocap, meld, nemo, ravdess, savee,
    tess,
};
use crate::corpus::ScanNotes;
use crate::filename_scan::Scan;
use crate::{Corpus, CorpusError, Split, manifest};

/// Every corpus: to add one, write its module and name its adapter here.
const ADAPTERS: &[Adapter] = &[
    ravdess::ADAPTER,
    ravdess::SONG,
    iemocap::ADAPTER,
    iemocap::SIX,
    emo_db::ADAPTER,
    crema_d::ADAPTER,
    tess::ADAPTER,
    savee::ADAPTER,
    nemo::ADAPTER,
    ased::ADAPTER,
    emotale::ADAPTER,
    meld::ADAPTER,
    manifest::ADAPTER,
    audiofolder::ADAPTER,
    emobox_list::ADAPTER,
];

/// Facts that help to choose a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CorpusInfo {
    /// Name given to [`open`].
    pub name: &'static str,
    /// Full title.
    pub title: &'static str,
    /// Licence or terms of use.
    pub license: &'static str,
    /// Where it is published (URL); empty where it is not.
    pub source: &'static str,
    /// The paper to cite; empty where there is none.
    pub citation: &'static str,
    /// How to get it and where to put it.
    pub obtain: &'static str,
    /// Spoken languages as ISO 639-1 codes; empty where unknown.
    pub languages: &'static [&'static str],
    /// Class names, in the order of the label indices; empty where its files name them.
    pub labels: &'static [&'static str],
    /// The splits it offers.
    pub splits: &'static [Split],
    /// Utterances in the full release; none where there is no release.
    pub utterances: Option<usize>,
    /// Speakers in the full release; none where there is no release.
    pub speakers: Option<usize>,
}

/// What the module of a corpus provides.
#[derive(Clone, Copy)]
pub(crate) struct Adapter {
    pub(crate) info: CorpusInfo,
    /// Reads the corpus from its folder or list.
    pub(crate) open: fn(&Path) -> Result<Corpus, CorpusError>,
    /// All utterances of the full release; empty where there is no release, or its names follow no
    /// rule.
    pub(crate) expected: fn() -> Vec<Expected>,
    /// Utterances of each class in the full release, where its names follow no rule; empty where
    /// they are not to be compared, as in a part of the corpus that is in common use.
    pub(crate) class_counts: fn(&Corpus) -> &'static [usize],
    /// Groups of ids with the same recording in the release itself.
    pub(crate) known_duplicates: &'static [&'static [&'static str]],
    /// The release whose speakers they are: two corpora with the same group share their speakers.
    pub(crate) speaker_group: &'static str,
    /// Folds published for the corpus.
    pub(crate) published: &'static [(Split, PublishedFolds)],
}

/// How published folds are defined.
#[derive(Clone, Copy)]
pub(crate) enum PublishedFolds {
    /// By the test speakers of each fold: speaker-independent.
    TestSpeakers(&'static [&'static [&'static str]]),
    /// By a list of test ids for each fold, one id a line; speakers may be on both sides.
    TestIds(&'static [&'static str]),
}

impl PublishedFolds {
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::TestSpeakers(folds) => folds.len(),
            Self::TestIds(folds) => folds.len(),
        }
    }
}

/// For [`Adapter::class_counts`] where [`Adapter::expected`] lists every id, or the content is open.
pub(crate) fn uncounted(_: &Corpus) -> &'static [usize] {
    &[]
}

/// An utterance that the full release holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) id: String,
    pub(crate) label: usize,
    pub(crate) speaker: String,
}

/// The corpora that [`open`] knows.
#[must_use]
pub fn supported() -> &'static [CorpusInfo] {
    const INFOS: [CorpusInfo; ADAPTERS.len()] = {
        let mut infos = [ADAPTERS[0].info; ADAPTERS.len()];
        let mut i = 1;
        while i < ADAPTERS.len() {
            infos[i] = ADAPTERS[i].info;
            i += 1;
        }
        infos
    };
    &INFOS
}

/// The adapter of a corpus, by its name without regard to case.
pub(crate) fn adapter(name: &str) -> Option<&'static Adapter> {
    ADAPTERS.iter().find(|a| a.info.name.eq_ignore_ascii_case(name))
}

/// Opens the corpus `name` (without regard to case) in the folder `root`, or the manifest `root`.
///
/// Reads names only, no audio. Files with malformed names, and utterances of which there are two
/// files, do not fail; they are in [`Corpus::notes`] and in the report of
/// [`check`](crate::check).
///
/// # Errors
///
/// [`CorpusError::UnknownCorpus`], listing the known ones; [`CorpusError::NotAFolder`];
/// [`CorpusError::Walk`] where a folder cannot be listed; [`CorpusError::NoUtterances`];
/// [`CorpusError::Manifest`] where a manifest cannot be used.
pub fn open(name: &str, root: &Path) -> Result<Corpus, CorpusError> {
    let adapter = adapter(name).ok_or_else(|| CorpusError::UnknownCorpus {
        name: name.to_owned(),
        known: ADAPTERS.iter().map(|a| a.info.name).collect(),
    })?;
    let mut corpus = (adapter.open)(root)?;
    for utterance in &mut corpus.utterances {
        utterance.corpus.clone_from(&corpus.name);
        if let (None, [only]) = (&utterance.language, adapter.info.languages) {
            utterance.language = Some((*only).to_owned());
        }
    }
    Ok(corpus)
}

/// The corpus that a scan of the folder `root` found; `layout` is what the files look like on disk.
pub(crate) fn scanned(
    info: &CorpusInfo,
    layout: &'static str,
    root: &Path,
    scan: Scan,
) -> Result<Corpus, CorpusError> {
    if scan.utterances.is_empty() {
        return Err(CorpusError::NoUtterances {
            corpus: info.name,
            root: root.to_owned(),
            expected: layout,
            found: instead(&scan.notes),
        });
    }
    let labels = info.labels.iter().map(|&l| l.to_owned()).collect();
    let mut corpus = Corpus::new(info.name, root, labels, scan.utterances)?;
    corpus.notes = scan.notes;
    Ok(corpus)
}

fn instead(notes: &ScanNotes) -> String {
    let mut found = String::new();
    for (kind, files) in &notes.ignored {
        found += &format!("; {kind} files passed over: {files}");
    }
    if let Some(first) = notes.malformed.first() {
        found += &format!(
            "; audio files that do not fit: {}, such as {} ({})",
            notes.malformed.len(),
            first.path.display(),
            first.reason
        );
    }
    found
}
