//! A corpus in memory: labels, utterances, and what the scan of its folder passed over.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use serde::Serialize;

use crate::{CorpusError, Target, Utterance};

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
    /// What was found beside the utterances.
    pub notes: ScanNotes,
    /// What the classes are classes of.
    pub target: Target,
    /// Name of the [`LabelMap`](crate::LabelMap) that made the classes, where one did.
    pub label_map: Option<String>,
}

/// What a scan found beside the utterances it kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScanNotes {
    /// Well-named recordings that are no part of the corpus as used here, counted by kind (such
    /// as `song` and `video`).
    pub ignored: BTreeMap<String, usize>,
    /// Audio files whose name or place the corpus does not know.
    pub malformed: Vec<MalformedFile>,
    /// Utterances found more than once; one copy was kept.
    pub doubled: Vec<DoubledUtterance>,
    /// Ids that the corpus's own lists name and of which there is no file, sorted.
    pub missing: Vec<String>,
    /// Sentences for people on what may not be as they think, such as columns that are not used.
    pub remarks: Vec<String>,
}

/// An audio file that could not be taken for an utterance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MalformedFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with its name or place.
    pub reason: String,
}

/// An utterance of which there are several files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoubledUtterance {
    /// The utterance.
    pub id: String,
    /// The file in use.
    pub kept: PathBuf,
    /// The files not in use.
    pub ignored: Vec<PathBuf>,
}

impl Corpus {
    /// A corpus from parts, its utterances put in the order of their ids.
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
            label_map: None,
        };
        corpus.validate()?;
        Ok(corpus)
    }

    /// The same corpus with its classes in the order of `labels`, which may hold further ones: a
    /// model's classes, to be tested on it.
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
        }
        self.labels = labels.to_vec();
        Ok(self)
    }

    /// The same corpus without the utterances of which `class` says nothing, each of the others of
    /// the class that it names; classes are sorted by their Unicode code points.
    pub(crate) fn with_classes(mut self, class: impl Fn(&Utterance) -> Option<String>) -> Self {
        let named: Vec<Option<String>> = self.utterances.iter().map(class).collect();
        let labels: BTreeSet<String> = named.iter().flatten().cloned().collect();
        self.labels = labels.into_iter().collect();
        let utterances = std::mem::take(&mut self.utterances);
        let kept = utterances.into_iter().zip(named).filter_map(|(utterance, class)| {
            // Sorted, and every class is among them.
            let label = self.labels.binary_search(&class?).ok()?;
            Some(Utterance { label, ..utterance })
        });
        self.utterances = kept.collect();
        self
    }

    /// Speakers, sorted; none for utterances whose speaker is not known.
    #[must_use]
    pub fn speakers(&self) -> Vec<&str> {
        let set: BTreeSet<&str> = self.utterances.iter().filter_map(Utterance::speaker).collect();
        set.into_iter().collect()
    }

    /// Speakers of the given utterances, sorted, as of [`speakers`](Self::speakers); indices out of
    /// range are passed over.
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

    /// Holds what every split relies on: labels in range and ids unique. The fields are public,
    /// so a corpus built by hand may break either.
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
