//! A corpus in memory: labels, utterances, and what the scan of its folder left out.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::{CorpusError, Remark, Target, Utterance};

/// A labelled corpus.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Corpus {
    /// Name as given to [`open`](crate::open), such as `ravdess`; of a manifest, that of its file
    /// and content.
    pub name: String,
    /// The folder, or the manifest, that was opened.
    pub root: PathBuf,
    /// Class names; [`Utterance::label`] indexes them.
    pub labels: Vec<String>,
    /// Utterances, sorted by id whatever the order of the file system.
    pub utterances: Vec<Utterance>,
    /// What the scan reports besides the utterances.
    pub notes: ScanNotes,
    /// The attribute that the classes are values of.
    pub target: Target,
    /// Names of the continuous targets, see [`with_dimensions`](Self::with_dimensions).
    pub dimensions: Vec<String>,
    /// Name of the [`LabelMap`](crate::LabelMap) that made the classes, where one did.
    pub label_map: Option<String>,
}

/// What a scan reports besides the utterances it kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScanNotes {
    /// Well-named recordings that are not part of the corpus as used here, counted by kind (such
    /// as `song` and `video`).
    pub ignored: BTreeMap<String, usize>,
    /// Files that were not read, counted by reason.
    pub left_out: Vec<LeftOut>,
    /// Audio files whose name or place does not fit the corpus.
    pub malformed: Vec<MalformedFile>,
    /// Utterances with more than one file; one file is used.
    pub duplicate_files: Vec<DuplicateFile>,
    /// Ids in the corpus's own lists that have no file, sorted.
    pub missing: Vec<String>,
    /// Facts that a user should know, such as columns that are not used.
    pub remarks: Vec<Remark>,
}

impl ScanNotes {
    /// One sentence for each fact that changes what is trained or tested on: remarks, files left out,
    /// malformed files, and utterances whose several files differ.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences: Vec<String> = self.remarks.iter().map(ToString::to_string).collect();
        sentences.extend(self.left_out.iter().map(ToString::to_string));
        if let Some(first) = self.malformed.first() {
            sentences.push(format!(
                "audio files left out because their names or places do not fit: {}, such as {} ({})",
                self.malformed.len(),
                first.path.display(),
                first.reason
            ));
        }
        let differ: Vec<_> = self.duplicate_files.iter().filter(|file| !file.identical).collect();
        if let Some(first) = differ.first() {
            let other = first.ignored.first().unwrap_or(&first.kept);
            sentences.push(format!(
                "utterances with several files that differ: {}, such as {}: {} is used, {} is not",
                differ.len(),
                first.id,
                first.kept.display(),
                other.display()
            ));
        }
        sentences
    }
}

/// Files that a scan did not take as recordings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Why.
    pub reason: LeftOutReason,
    /// Number of files.
    pub files: usize,
    /// One of them.
    pub example: PathBuf,
}

/// Why a scan left a file out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeftOutReason {
    /// An audio format that no decoder reads, by its extension.
    UnreadableFormat(String),
    /// A recording whose name has no extension: recordings are found by their extensions.
    NoExtension,
    /// Neither an audio format nor a text or list, by its extension.
    NotAudio(String),
    /// A recording that the folder's metadata does not list.
    NotListed,
}

impl LeftOutReason {
    /// Whether the file is a recording that a user will miss.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        !matches!(self, Self::NotAudio(_))
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, files, example } = self;
        let example = example.display();
        match reason {
            LeftOutReason::UnreadableFormat(extension) => write!(
                f,
                "files left out because .{extension} cannot be decoded: {files}, such as {example}; \
                 convert them, for instance with ffmpeg -i in.{extension} out.flac"
            ),
            LeftOutReason::NoExtension => write!(
                f,
                "recordings left out because their names have no extension: {files}, such as \
                 {example}; rename them"
            ),
            LeftOutReason::NotAudio(extension) => write!(
                f,
                "files left out because .{extension} is not an audio format: {files}, such as {example}"
            ),
            LeftOutReason::NotListed => write!(
                f,
                "recordings left out because the metadata does not list them: {files}, such as \
                 {example}"
            ),
        }
    }
}

/// An audio file that does not fit the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MalformedFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with its name or place.
    pub reason: String,
}

/// An utterance with more than one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DuplicateFile {
    /// The utterance.
    pub id: String,
    /// The file in use.
    pub kept: PathBuf,
    /// The files not in use.
    pub ignored: Vec<PathBuf>,
    /// Whether all files have the same bytes; those of two formats never have.
    pub identical: bool,
}

impl Corpus {
    /// Assembles a corpus; its utterances are sorted by id.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Invalid`] where a label is out of range or an id is used twice.
    pub fn new(
        name: impl Into<String>,
        root: impl Into<PathBuf>,
        labels: Vec<String>,
        mut utterances: Vec<Utterance>,
    ) -> Result<Self, CorpusError> {
        utterances.sort_by(|a, b| a.id.cmp(&b.id));
        let corpus = Self {
            name: name.into(),
            root: root.into(),
            labels,
            utterances,
            notes: ScanNotes::default(),
            target: Target::Label,
            dimensions: Vec::new(),
            label_map: None,
        };
        corpus.validate()?;
        Ok(corpus)
    }

    /// The same corpus with its classes in the order of `labels`, which may hold further ones: used to
    /// test a model, whose classes they are.
    ///
    /// # Errors
    ///
    /// [`CorpusError::UnknownClasses`] where the corpus has classes that are not among them.
    pub fn with_labels(mut self, labels: &[String]) -> Result<Self, CorpusError> {
        let place = |label: &String| labels.iter().position(|l| l == label);
        let places: Vec<Option<usize>> = self.labels.iter().map(place).collect();
        let unknown = self.labels.iter().zip(&places).filter(|(_, place)| place.is_none());
        let unknown: Vec<String> = unknown.map(|(label, _)| label.clone()).collect();
        if !unknown.is_empty() {
            let (corpus, known) = (self.name, labels.to_vec());
            return Err(CorpusError::UnknownClasses { corpus, unknown, known });
        }
        self.validate()?;
        for utterance in &mut self.utterances {
            utterance.label = places[utterance.label].unwrap_or_default();
            utterance.votes = regroup_votes(&utterance.votes, &places, labels.len());
        }
        self.labels = labels.to_vec();
        Ok(self)
    }

    /// The same corpus without the utterances of other classes than these. A class of the corpus that is not among them
    /// is no class of the result; a remark has the number of utterances that are left out.
    #[must_use]
    pub fn restricted_to(mut self, labels: &[String]) -> Self {
        let counts = self.labels.iter().cloned().zip(self.class_counts());
        let other = counts.filter(|(label, count)| *count > 0 && !labels.contains(label));
        let other: Vec<(String, usize)> = other.collect();
        let kept: Vec<String> =
            self.labels.iter().filter(|label| labels.contains(label)).cloned().collect();
        let place = |label: &String| kept.iter().position(|l| l == label);
        let places: Vec<Option<usize>> = self.labels.iter().map(place).collect();
        self.utterances.retain_mut(|utterance| {
            utterance.votes = regroup_votes(&utterance.votes, &places, kept.len());
            let place = places.get(utterance.label).copied().flatten();
            utterance.label = place.unwrap_or_default();
            place.is_some()
        });
        self.labels = kept;
        if !other.is_empty() {
            self.notes.remarks.push(Remark::OtherClasses { labels: other });
        }
        self
    }

    /// The same corpus with the class that `class` returns for each utterance; utterances without one
    /// are left out. Classes are sorted by their Unicode code points. Votes, which were for the
    /// earlier classes, are dropped.
    pub(crate) fn with_classes(mut self, class: impl Fn(&Utterance) -> Option<String>) -> Self {
        let named: Vec<Option<String>> = self.utterances.iter().map(class).collect();
        let labels: BTreeSet<String> = named.iter().flatten().cloned().collect();
        self.labels = labels.into_iter().collect();
        let utterances = std::mem::take(&mut self.utterances);
        let kept = utterances.into_iter().zip(named).filter_map(|(utterance, class)| {
            // Sorted, and every class is among them.
            let label = self.labels.binary_search(&class?).ok()?;
            Some(Utterance { label, votes: Vec::new(), ..utterance })
        });
        self.utterances = kept.collect();
        self
    }

    /// Speakers, sorted; utterances with an unknown speaker add none.
    #[must_use]
    pub fn speakers(&self) -> Vec<&str> {
        let set: BTreeSet<&str> = self.utterances.iter().filter_map(Utterance::speaker).collect();
        set.into_iter().collect()
    }

    /// Speakers of the given utterances, sorted; indices out of range are ignored.
    #[must_use]
    pub fn speakers_of(&self, indices: &[usize]) -> Vec<&str> {
        let set: BTreeSet<&str> = indices
            .iter()
            .filter_map(|&i| self.utterances.get(i))
            .filter_map(Utterance::speaker)
            .collect();
        set.into_iter().collect()
    }

    /// Number of utterances in each class, in the order of [`labels`](Self::labels).
    #[must_use]
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.labels.len()];
        for utterance in &self.utterances {
            if let Some(count) = counts.get_mut(utterance.label) {
                *count += 1;
            }
        }
        counts
    }

    /// Checks what every split relies on: labels in range and ids unique. The fields are public,
    /// so a corpus built by hand may violate either.
    pub(crate) fn validate(&self) -> Result<(), CorpusError> {
        let mut seen = HashSet::with_capacity(self.utterances.len());
        for utterance in &self.utterances {
            if utterance.label >= self.labels.len() {
                return Err(CorpusError::Invalid {
                    corpus: self.name.clone(),
                    problem: format!(
                        "utterance {} has label {}, but there are {} labels",
                        utterance.id,
                        utterance.label,
                        self.labels.len()
                    ),
                });
            }
            let votes = utterance.votes.len();
            if votes != 0 && votes != self.labels.len() {
                return Err(CorpusError::Invalid {
                    corpus: self.name.clone(),
                    problem: format!(
                        "utterance {} has votes for {votes} classes, but there are {} labels",
                        utterance.id,
                        self.labels.len()
                    ),
                });
            }
            if !seen.insert(utterance.id.as_str()) {
                return Err(CorpusError::Invalid {
                    corpus: self.name.clone(),
                    problem: format!("the id {} is used by two utterances", utterance.id),
                });
            }
        }
        Ok(())
    }
}

/// Votes for other classes: those of old class `i` count for class `places[i]` of `count`, or are
/// dropped where that is none.
pub(crate) fn regroup_votes(votes: &[f32], places: &[Option<usize>], count: usize) -> Vec<f32> {
    if votes.is_empty() {
        return Vec::new();
    }
    let mut regrouped = vec![0.0; count];
    for (vote, place) in votes.iter().zip(places) {
        if let Some(place) = place {
            regrouped[*place] += vote;
        }
    }
    regrouped
}
