//! One recording and what is known of it.

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
    /// Normal intensity.
    Normal,
    /// Strong intensity.
    Strong,
}

impl fmt::Display for Intensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Normal => "normal",
            Self::Strong => "strong",
        })
    }
}

/// Whether speech was read out or made up, in corpora that have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Spoken as a script has it.
    Scripted,
    /// Improvised upon a scenario.
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

/// The part of a given split that an utterance is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// To train on.
    Train,
    /// To choose by; neither trained nor tested on by [`Split::Given`](crate::Split::Given).
    Validation,
    /// To test on.
    Test,
}

impl Part {
    /// The part of this name, without regard to case; `dev`, `valid` and `val` are other names of
    /// validation.
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
    /// manifest the path as written, followed by `[start-end]` where it is a part of the file.
    pub id: String,
    /// The audio file.
    pub path: PathBuf,
    /// Index into [`Corpus::labels`](crate::Corpus::labels).
    pub label: usize,
    /// Speaker as the corpus names them, such as `14`; empty where not known.
    pub speaker: String,
    /// Sex of the speaker, where known.
    pub sex: Option<Sex>,
    /// Recording session, in corpora that have sessions.
    pub session: Option<String>,
    /// The spoken text, where known.
    pub statement: Option<String>,
    /// Which repetition of the same statement, from 1, where known.
    pub repetition: Option<u8>,
    /// Intensity of the acted emotion, where known.
    pub intensity: Option<Intensity>,
    /// Whether it was scripted or improvised, where known.
    #[serde(default)]
    pub style: Option<Style>,
    /// The part of the file that is the utterance, from start to end in seconds, `0 <= start < end`;
    /// none where it is the whole file.
    #[serde(default)]
    pub span: Option<(f64, f64)>,
    /// The fold that tests on it, from 1, where the corpus gives folds.
    #[serde(default)]
    pub fold: Option<usize>,
    /// Its part, where the corpus gives a split.
    #[serde(default)]
    pub part: Option<Part>,
    /// What else a list says of it, by the names of its columns: a
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
}
