//! What is on both sides of a split and must not be.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use serde::Serialize;

use super::{Fold, Split};
use crate::{Corpus, CorpusError, Target};

/// What two parts of a corpus have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Leakage {
    /// Ids of utterances that are on both sides.
    pub utterances: Vec<String>,
    /// Ids of utterances on the first side that have a copy (same samples, other id) on the
    /// second, each with the first such copy.
    pub duplicates: Vec<(String, String)>,
    /// Speakers on both sides, where the protocol keeps speakers apart.
    pub speakers: Vec<String>,
    /// Sessions on both sides, where the protocol keeps sessions apart.
    pub sessions: Vec<String>,
    /// Statements on both sides, where the protocol keeps the text apart.
    pub statements: Vec<String>,
    /// Indices that no utterance, or no duplicate group, has: the parts belong to another corpus.
    pub unknown: Vec<usize>,
}

impl Leakage {
    /// Whether nothing leaks.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.utterances.is_empty()
            && self.duplicates.is_empty()
            && self.speakers.is_empty()
            && self.sessions.is_empty()
            && self.statements.is_empty()
            && self.unknown.is_empty()
    }

    /// For use as an assertion.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Leakage`] where anything leaks.
    pub fn into_result(self) -> Result<(), CorpusError> {
        if self.is_clean() { Ok(()) } else { Err(CorpusError::Leakage(Box::new(self))) }
    }
}

impl fmt::Display for Leakage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> =
            self.duplicates.iter().map(|(a, b)| format!("{a} = {b}")).collect();
        let unknown: Vec<String> = self.unknown.iter().map(ToString::to_string).collect();
        let mut separator = "";
        for (what, names) in [
            ("utterances on both sides", &self.utterances),
            ("copies on both sides", &pairs),
            ("speakers on both sides", &self.speakers),
            ("sessions on both sides", &self.sessions),
            ("statements on both sides", &self.statements),
            ("unknown utterance indices", &unknown),
        ] {
            if let Some(first) = names.first() {
                write!(f, "{separator}{what}: {} (such as {first})", names.len())?;
                separator = ", ";
            }
        }
        if separator.is_empty() { f.write_str("none") } else { Ok(()) }
    }
}

/// What leaks from the training part of `fold` into its test part.
///
/// `protocol` defines what must be kept apart: utterances and copies always, speakers in every
/// speaker-independent split, sessions in the session split, statements in the text splits. A given
/// split must keep the named speakers apart, unless they are the target.
#[must_use]
pub fn check_leakage(corpus: &Corpus, groups: &[usize], fold: &Fold, protocol: Split) -> Leakage {
    check_leakage_between(corpus, groups, &fold.train, &fold.test, protocol)
}

/// What two parts of a corpus have in common; see [`check_leakage`].
#[must_use]
pub fn check_leakage_between(
    corpus: &Corpus,
    groups: &[usize],
    first: &[usize],
    second: &[usize],
    protocol: Split,
) -> Leakage {
    let known = corpus.utterances.len().min(groups.len());
    let unknown: BTreeSet<usize> =
        first.iter().chain(second).copied().filter(|&i| i >= known).collect();
    let part = |indices: &[usize]| -> Vec<usize> {
        let set: BTreeSet<usize> = indices.iter().copied().filter(|&i| i < known).collect();
        set.into_iter().collect()
    };
    let (first, second) = (part(first), part(second));
    let utterance = |i: usize| &corpus.utterances[i];

    let ids: HashSet<&str> = second.iter().map(|&i| utterance(i).id.as_str()).collect();
    let mut copies: HashMap<usize, Vec<usize>> = HashMap::new();
    for &i in &second {
        copies.entry(groups[i]).or_default().push(i);
    }
    let copy_of = |i: usize| {
        let same_group = copies.get(&groups[i])?;
        same_group.iter().copied().find(|&j| utterance(j).id != utterance(i).id)
    };
    let shared = |key: fn(&crate::Utterance) -> Option<&str>, apart: bool| -> Vec<String> {
        let keys = |part: &[usize]| -> BTreeSet<&str> {
            part.iter().filter_map(|&i| key(utterance(i))).collect()
        };
        match apart {
            true => keys(&first).intersection(&keys(&second)).map(|&s| s.to_owned()).collect(),
            false => Vec::new(),
        }
    };
    Leakage {
        utterances: first
            .iter()
            .map(|&i| &utterance(i).id)
            .filter(|id| ids.contains(id.as_str()))
            .cloned()
            .collect(),
        duplicates: first
            .iter()
            .filter_map(|&i| Some((utterance(i).id.clone(), utterance(copy_of(i)?).id.clone())))
            .collect(),
        speakers: match protocol {
            Split::Given => shared(crate::Utterance::speaker, corpus.target != Target::Speaker),
            split => shared(|u| Some(&u.speaker), split.is_speaker_independent(&corpus.name)),
        },
        sessions: shared(|u| u.session.as_deref(), protocol == Split::Session),
        statements: shared(|u| u.statement.as_deref(), protocol.is_text_independent()),
        unknown: unknown.into_iter().collect(),
    }
}
