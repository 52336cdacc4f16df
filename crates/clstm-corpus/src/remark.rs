//! Facts about a corpus that a user should know and that are no errors.

use std::fmt;

use serde::{Serialize, Serializer};

/// A fact that may surprise a user; its `Display` is a sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remark {
    /// Columns of a list that have no meaning here.
    UnusedColumns(Vec<String>),
    /// A list names no speakers.
    NoSpeakers,
    /// Labels that differ in their spelling alone, and are classes of their own.
    SimilarLabels(Vec<String>),
    /// Speakers that differ in their spelling alone, and count as different people.
    SimilarSpeakers(Vec<String>),
    /// A list has both the column `fold` and the column `split`: folds are used.
    FoldsBeforeParts,
    /// Utterances of the validation part, which the given split neither trains nor tests on.
    ValidationUnused(usize),
    /// The given split keeps speakers apart.
    GivenSpeakersApart,
    /// Some speakers are unknown: the given split may or may not keep them apart.
    GivenSpeakersUnknown,
    /// The given split has speakers on more than one side.
    GivenSpeakersShared {
        /// Number of such speakers.
        count: usize,
        /// One of them.
        example: String,
    },
    /// A table of the release is missing or cannot be read.
    NoTable {
        /// The file.
        file: &'static str,
        /// What is unknown without it.
        unknown: &'static str,
    },
    /// Videos whose sound has not been extracted.
    NoSound {
        /// Utterances without a sound file.
        missing: usize,
        /// The command that extracts it.
        command: &'static str,
    },
    /// More utterances than the release that the adapter describes.
    LargerThanRelease {
        /// Utterances found.
        found: usize,
        /// Utterances of the release.
        release: usize,
    },
    /// Labels that a label map leaves out, each with its number of utterances.
    UnmappedLabels {
        /// Name of the label map.
        map: String,
        /// Labels and their counts.
        labels: Vec<(String, usize)>,
    },
    /// Classes that the model does not have, each with its number of utterances, which are left out.
    OtherClasses {
        /// Classes and their counts.
        labels: Vec<(String, usize)>,
    },
    /// Utterances of which a continuous dimension is not known.
    UnknownDimension {
        /// The dimension.
        dimension: String,
        /// Utterances without a value.
        unknown: usize,
        /// Utterances of the corpus.
        of: usize,
    },
    /// Ratings outside the scale of the release, which are not used.
    OutOfScale {
        /// The file.
        file: &'static str,
        /// Number of such ratings.
        ratings: usize,
        /// Lowest and highest value of the scale.
        scale: (i32, i32),
    },
    /// Utterances whose value of the target is unknown, and which are left out.
    UnknownTarget {
        /// The target.
        target: String,
        /// Utterances left out.
        left_out: usize,
        /// Utterances before.
        of: usize,
    },
    /// Classes that only some of several joined corpora have.
    ClassesNotInAll {
        /// The corpora that have them.
        corpora: Vec<String>,
        /// The classes.
        labels: Vec<String>,
    },
    /// Paths of a list that exist in another spelling (Unicode form or separator) and were resolved.
    RespelledPaths {
        /// Number of such rows.
        count: usize,
        /// One path as written.
        example: String,
    },
    /// A remark on one of several joined corpora.
    Of {
        /// The corpus.
        corpus: String,
        /// The remark.
        remark: Box<Remark>,
    },
}

/// Labels with their counts: `calm (8), bored (3)`.
fn write_counts(f: &mut fmt::Formatter<'_>, labels: &[(String, usize)]) -> fmt::Result {
    for (i, (label, count)) in labels.iter().enumerate() {
        let separator = if i == 0 { "" } else { ", " };
        write!(f, "{separator}{label} ({count})")?;
    }
    Ok(())
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnusedColumns(columns) => write!(f, "columns not used: {}", columns.join(", ")),
            Self::NoSpeakers => f.write_str("no speakers are named: no split can keep them apart"),
            Self::SimilarLabels(labels) => write!(
                f,
                "the labels {} are different classes; spell them alike if they are one",
                labels.join(", ")
            ),
            Self::SimilarSpeakers(speakers) => write!(
                f,
                "the speakers {} count as different people; spell them alike if they are one",
                speakers.join(", ")
            ),
            Self::FoldsBeforeParts => {
                f.write_str("there are both fold and split: the given split is that of fold")
            }
            Self::ValidationUnused(count) => write!(
                f,
                "{count} validation utterances are neither trained nor tested on by the given split"
            ),
            Self::GivenSpeakersApart => f.write_str("the given split keeps speakers apart"),
            Self::GivenSpeakersUnknown => {
                f.write_str("whether the given split keeps speakers apart is not known")
            }
            Self::GivenSpeakersShared { count, example } => write!(
                f,
                "the given split is not speaker-independent: {count} speakers are on more than one \
                 side, such as {example}"
            ),
            Self::NoTable { file, unknown } => {
                write!(f, "{file} is missing or cannot be read: {unknown}")
            }
            Self::NoSound { missing, command } => {
                write!(f, "{missing} utterances have no sound file beside their videos: {command}")
            }
            Self::LargerThanRelease { found, release } => write!(
                f,
                "{found} utterances, more than the {release} of the release that is known: counts \
                 are not compared"
            ),
            Self::UnmappedLabels { map, labels } => {
                write!(f, "left out by the label map {map}: ")?;
                write_counts(f, labels)
            }
            Self::OtherClasses { labels } => {
                f.write_str("left out, because the model has no such class: ")?;
                write_counts(f, labels)
            }
            Self::UnknownTarget { target, left_out, of } => write!(
                f,
                "left out {left_out} of {of} utterances of which the {target} is not known"
            ),
            Self::UnknownDimension { dimension, unknown, of } => write!(
                f,
                "the {dimension} of {unknown} of {of} utterances is not known: they take no part in its loss and figures"
            ),
            Self::OutOfScale { file, ratings, scale: (low, high) } => write!(
                f,
                "{ratings} ratings in {file} are not numbers from {low} to {high} and are not used"
            ),
            Self::ClassesNotInAll { corpora, labels } => write!(
                f,
                "only {} has {}; the network may learn the corpus instead of the class, and a label \
                 map can merge or leave out classes",
                corpora.join(", "),
                labels.join(", ")
            ),
            Self::RespelledPaths { count, example } => write!(
                f,
                "{count} paths are spelt differently on the disk (Unicode form or path separator) and \
                 were resolved, such as {example}"
            ),
            Self::Of { corpus, remark } => write!(f, "{corpus}: {remark}"),
        }
    }
}

impl Serialize for Remark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
