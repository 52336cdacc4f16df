//! Errors of corpora.

use std::path::PathBuf;

use clstm_audio::AudioError;

use crate::manifest::listed;
use crate::{Leakage, RowProblem, Split};

/// Failure to open, read or split a corpus.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// No corpus of that name is supported.
    #[error("unknown corpus {name:?}; known: {}", known.join(", "))]
    UnknownCorpus {
        /// The requested name.
        name: String,
        /// The supported names.
        known: Vec<&'static str>,
    },
    /// The folder of a corpus is not there, or is a file.
    #[error("{} is not a folder; give the folder {corpus} was unpacked in", root.display())]
    NotAFolder {
        /// The corpus.
        corpus: &'static str,
        /// The path given.
        root: PathBuf,
    },
    /// A folder could not be listed.
    #[error("cannot list {}", path.display())]
    Walk {
        /// Where the walk stopped.
        path: PathBuf,
        /// Why.
        #[source]
        source: walkdir::Error,
    },
    /// A folder holds no utterance of the corpus.
    #[error("no {corpus} utterance in {}: expected {expected}{found}", root.display())]
    NoUtterances {
        /// The corpus.
        corpus: &'static str,
        /// The folder searched.
        root: PathBuf,
        /// What the corpus looks like on disk.
        expected: &'static str,
        /// What was found instead; empty where that was nothing.
        found: String,
    },
    /// A manifest cannot be used.
    #[error("{}: {problem}{}", path.display(), listed(rows))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// The rows that are wrong, all of them; the message shows the first few and counts the
        /// others. Empty where it is the whole file.
        rows: Vec<RowProblem>,
    },
    /// A corpus has classes that a model does not have.
    #[error("corpus {corpus} has classes that the model does not have: {}; it has {}", unknown.join(", "),
        known.join(", "))]
    UnknownClasses {
        /// The corpus.
        corpus: String,
        /// Its classes that the model does not have.
        unknown: Vec<String>,
        /// The classes of the model.
        known: Vec<String>,
    },
    /// A label map cannot be used.
    #[error("label map {}: {problem}", path.display())]
    LabelMap {
        /// The map's file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is nothing of the target to be recognised in a corpus.
    #[error("{target} cannot be recognised in {corpus}: {problem}; what can: {}", known.join(", "))]
    NoTarget {
        /// The corpus.
        corpus: String,
        /// What was to be recognised.
        target: String,
        /// Why it cannot be.
        problem: String,
        /// What can be.
        known: Vec<String>,
    },
    /// A continuous target cannot be used.
    #[error("{dimension} cannot be a continuous target in {corpus}: {problem}")]
    Dimension {
        /// The corpus.
        corpus: String,
        /// The dimension.
        dimension: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// More than one target whose values are classes.
    #[error("the targets {} are all classes, and a model has one: give one of them beside continuous targets; \
        auxiliary_tasks can train the others", names.join(", "))]
    SeveralTargets {
        /// Names of the targets.
        names: Vec<String>,
    },
    /// A list of targets with an empty name.
    #[error(
        "the targets {names:?} have an empty name; write names with commas between them, such as arousal,valence"
    )]
    EmptyTarget {
        /// The list as written.
        names: String,
    },
    /// A corpus contradicts itself.
    #[error("corpus {corpus}: {problem}")]
    Invalid {
        /// The corpus.
        corpus: String,
        /// The contradiction.
        problem: String,
    },
    /// A recording could not be decoded.
    #[error("cannot read utterance {id} ({}){}; `check` lists every such file",
        path.display(), and_others(*.others))]
    Unreadable {
        /// The utterance.
        id: String,
        /// Its file.
        path: PathBuf,
        /// How many more could not be read.
        others: usize,
        /// Why.
        #[source]
        source: AudioError,
    },
    /// No split of that name exists.
    #[error("unknown split {name:?}; known: {}", known_splits(), name = .0)]
    UnknownSplit(String),
    /// The corpus cannot be split that way.
    #[error("corpus {corpus} has no {split} split: {reason}")]
    UnsupportedSplit {
        /// The corpus.
        corpus: String,
        /// The split.
        split: Split,
        /// Why not.
        reason: String,
    },
    /// Speakers that differ in their spelling alone, in a split that keeps speakers apart.
    #[error("corpus {corpus} has no {split} split: the speakers {} differ in their spelling alone; if \
        they are one person, that person could be in training and test. Spell them alike, or rename one",
        speakers.join(", "))]
    SimilarSpeakers {
        /// The corpus.
        corpus: String,
        /// The split.
        split: Split,
        /// The spellings.
        speakers: Vec<String>,
    },
    /// The number of folds does not suit the corpus or the split.
    #[error("cannot make {k} {split} folds: {reason}")]
    FoldCount {
        /// The split.
        split: Split,
        /// The requested number.
        k: usize,
        /// Why not.
        reason: String,
    },
    /// There is not one duplicate group for each utterance.
    #[error("{groups} duplicate groups for {utterances} utterances; there must be one for each")]
    GroupCount {
        /// Length of the groups given.
        groups: usize,
        /// Utterances in the corpus.
        utterances: usize,
    },
    /// A validation part of this kind cannot be cut out.
    #[error("cannot cut out a validation part: {0}")]
    Validation(String),
    /// Something is on both sides of a split.
    #[error("leakage between training and test: {}{}", .0, by_name(.0))]
    Leakage(Box<Leakage>),
}

fn and_others(n: usize) -> String {
    match n {
        0 => String::new(),
        1 => " and 1 other".to_owned(),
        n => format!(" and {n} others"),
    }
}

/// How leakage that can be allowed is allowed.
fn by_name(leakage: &Leakage) -> String {
    match crate::AllowedLeakage::names_of(leakage) {
        names if names.is_empty() => String::new(),
        names => {
            let flags: Vec<String> =
                names.iter().map(|name| format!("--allow-leakage {name}")).collect();
            format!(
                "; figures with leakage are too good; to accept them, with the leakage in the protocol: {}",
                flags.join(" ")
            )
        }
    }
}

fn known_splits() -> String {
    Split::ALL.map(|split| split.to_string()).join(", ")
}
