//! Leakage that a user allows by name, and how much of it there is.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Fold, Leakage, Split, check_leakage};
use crate::Corpus;

/// What may be on both sides of a split; nothing by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedLeakage {
    /// Speakers whose utterances a given split parts.
    pub speakers: bool,
    /// Recordings with the same samples.
    pub copies: bool,
}

impl AllowedLeakage {
    const SPEAKERS: &'static str = "speakers";
    const COPIES: &'static str = "copies";

    /// The leakage without what is allowed.
    #[must_use]
    pub fn excluding(self, mut leakage: Leakage) -> Leakage {
        if self.speakers {
            leakage.speakers.clear();
        }
        if self.copies {
            leakage.duplicates.clear();
        }
        leakage
    }

    /// The names by which what leaks is allowed; none where some of it never is.
    pub(crate) fn names_of(leakage: &Leakage) -> Vec<&'static str> {
        if !(Self { speakers: true, copies: true }).excluding(leakage.clone()).is_clean() {
            return Vec::new();
        }
        let found = [
            (&leakage.speakers.is_empty(), Self::SPEAKERS),
            (&leakage.duplicates.is_empty(), Self::COPIES),
        ];
        found.into_iter().filter(|(none, _)| !**none).map(|(_, name)| name).collect()
    }

    /// What either allows.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { speakers: self.speakers || other.speakers, copies: self.copies || other.copies }
    }
}

/// `speakers` or `copies`.
impl FromStr for AllowedLeakage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            Self::SPEAKERS => Ok(Self { speakers: true, copies: false }),
            Self::COPIES => Ok(Self { speakers: false, copies: true }),
            _ => Err(format!("what can be allowed is {} and {}", Self::SPEAKERS, Self::COPIES)),
        }
    }
}

/// How much is on both sides of the folds of a split that promises to keep it apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeakageCounts {
    /// Speakers who are on both sides of a fold.
    pub speakers: usize,
    /// Training utterances of which a fold tests a copy.
    pub copies: usize,
}

impl LeakageCounts {
    /// Whether nothing leaks.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for LeakageCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let parts = [
            some(self.speakers, "speaker", "speakers"),
            some(self.copies, "recording", "recordings"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.is_empty() {
            true => f.write_str("nothing on both sides"),
            false => write!(f, "{} on both sides", parts.join(" and ")),
        }
    }
}

/// Counts what leaks in `folds` by the protocol's own promise: each speaker and recording once, in
/// however many folds it does.
#[must_use]
pub fn leakage_counts(
    corpus: &Corpus,
    groups: &[usize],
    folds: &[Fold],
    protocol: Split,
) -> LeakageCounts {
    let (mut speakers, mut copies) = (BTreeSet::new(), BTreeSet::new());
    for fold in folds {
        let leakage = check_leakage(corpus, groups, fold, protocol);
        speakers.extend(leakage.speakers);
        copies.extend(leakage.duplicates.into_iter().map(|(trained, _)| trained));
    }
    LeakageCounts { speakers: speakers.len(), copies: copies.len() }
}
