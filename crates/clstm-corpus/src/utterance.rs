//! One recording and what is known of it.

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

/// One labelled recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utterance {
    /// Official name without extension, unique in the corpus, such as `03-01-05-02-01-02-14`; in a
    /// manifest the path as written.
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
}

impl Utterance {
    /// The speaker, where known.
    #[must_use]
    pub fn speaker(&self) -> Option<&str> {
        Some(self.speaker.as_str()).filter(|speaker| !speaker.is_empty())
    }
}
