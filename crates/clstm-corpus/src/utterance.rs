//! One recording and its labels.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The sex of a speaker, as the corpus states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    /// Female speaker.
    Female,
    /// Male speaker.
    Male,
}

impl Sex {
    /// Parses `female`, `f`, `male` or `m`, ignoring case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "female" | "f" => Some(Self::Female),
            "male" | "m" => Some(Self::Male),
            _ => None,
        }
    }
}

impl fmt::Display for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Female => "female",
            Self::Male => "male",
        })
    }
}

/// How strongly an acted emotion was performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Intensity {
    /// Low (CREMA-D).
    Low,
    /// Medium (CREMA-D).
    Medium,
    /// High (CREMA-D).
    High,
    /// Normal (RAVDESS).
    Normal,
    /// Strong (RAVDESS).
    Strong,
}

impl fmt::Display for Intensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Strong => "strong",
        })
    }
}

/// Whether the speech was scripted or improvised, in corpora that have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// The speaker followed a script.
    Scripted,
    /// The speaker improvised on a scenario.
    Improvised,
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Scripted => "scripted",
            Self::Improvised => "improvised",
        })
    }
}

/// The part of a corpus's own split that an utterance belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Training data.
    Train,
    /// Validation data: [`Split::Given`](crate::Split::Given) neither trains nor tests on it.
    Validation,
    /// Test data.
    Test,
}

impl Part {
    /// Parses a name, ignoring case; `dev`, `valid` and `val` are aliases of validation.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "train" => Some(Self::Train),
            "validation" | "dev" | "valid" | "val" => Some(Self::Validation),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// One labelled recording.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// Official name without extension, unique in the corpus, such as `03-01-05-02-01-02-14`; in a
    /// manifest the path as written, followed by `[start-end]` where it is a part of the file; of a recording in a Parquet
    /// file `FILE:ROW`.
    pub id: String,
    /// Name of the corpus that the utterance comes from; in joined corpora that of its own corpus.
    /// [`open`](crate::open) and [`open_many`](crate::open_many) set it.
    #[serde(default)]
    pub corpus: String,
    /// The audio file, or the Parquet file that has the recording in the row [`row`](Self::row).
    pub path: PathBuf,
    /// Row of the Parquet file that has the recording, from 0; none where it is a file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Index into [`Corpus::labels`](crate::Corpus::labels).
    pub label: usize,
    /// Votes of listeners for each class, in the order of [`Corpus::labels`](crate::Corpus::labels);
    /// empty where there are none. See [`vote_shares`](Self::vote_shares).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<f32>,
    /// Speaker as the corpus names them, such as `14`; empty where unknown.
    pub speaker: String,
    /// Sex of the speaker, where known.
    pub sex: Option<Sex>,
    /// Spoken language as an ISO 639-1 code such as `en`, where known.
    #[serde(default)]
    pub language: Option<String>,
    /// Recording session, in corpora that have sessions.
    pub session: Option<String>,
    /// The spoken text, or a code that stands for it, where known: utterances with the same
    /// statement have the same words. [`Split::Text`](crate::Split::Text) keeps statements apart.
    pub statement: Option<String>,
    /// Repetition of the same statement, from 1, where known.
    pub repetition: Option<u8>,
    /// Intensity of the acted emotion, where known.
    pub intensity: Option<Intensity>,
    /// Scripted or improvised, where known.
    #[serde(default)]
    pub style: Option<Style>,
    /// Start and end of the utterance in the file, in seconds, `0 <= start < end`; none for the
    /// whole file.
    #[serde(default)]
    pub span: Option<(f64, f64)>,
    /// The fold that tests on it, from 1, where the corpus defines folds.
    #[serde(default)]
    pub fold: Option<usize>,
    /// Its part, where the corpus defines a split into training, validation and test.
    #[serde(default)]
    pub part: Option<Part>,
    /// Ratings of continuous dimensions, such as arousal, by the dimension's name: one for each rater, in the same order
    /// in all utterances, none where a rater gave none. See [`dimension`](Self::dimension).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ratings: BTreeMap<String, Vec<Option<f64>>>,
    /// Further columns of a list by their names, such as `arousal`; see
    /// [`Target::Column`](crate::Target::Column).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
}

impl Utterance {
    /// The speaker, where known.
    #[must_use]
    pub fn speaker(&self) -> Option<&str> {
        Some(self.speaker.as_str()).filter(|speaker| !speaker.is_empty())
    }

    /// Where the recording is, for messages: its file, or `FILE:ROW` in a Parquet file.
    #[must_use]
    pub fn recording(&self) -> PathBuf {
        match self.row {
            None => self.path.clone(),
            Some(row) => {
                let mut place = self.path.clone().into_os_string();
                place.push(format!(":{row}"));
                place.into()
            }
        }
    }

    /// The [`votes`](Self::votes) as a distribution over the classes that sums to 1; none where no
    /// listener voted for any of the classes.
    #[must_use]
    pub fn vote_shares(&self) -> Option<Vec<f32>> {
        let total: f32 = self.votes.iter().sum();
        (total > 0.0).then(|| self.votes.iter().map(|votes| votes / total).collect())
    }
}
