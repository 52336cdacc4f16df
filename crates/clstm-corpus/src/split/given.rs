//! The folds that a corpus itself defines.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Fold, Split};
use crate::{Corpus, CorpusError, Part, Remark};

/// The folds, or the division into training, validation and test, that a corpus defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GivenSplit {
    /// Number of folds; 1 where it is a division into parts.
    pub folds: usize,
    /// Indices into [`Corpus::utterances`] of the validation part, ascending; in no fold.
    pub validation: Vec<usize>,
    /// Speakers who are in more than one fold, or in more than one part, sorted.
    pub shared_speakers: Vec<String>,
    /// Whether all speakers are known and none is shared.
    pub speakers_apart: bool,
}

/// The split that `corpus` defines; none where it defines none. Folds come before parts where a corpus
/// has both.
#[must_use]
pub fn given_split(corpus: &Corpus) -> Option<GivenSplit> {
    let utterances = &corpus.utterances;
    let by_fold = utterances.iter().any(|u| u.fold.is_some());
    if !by_fold && utterances.iter().all(|u| u.part.is_none()) {
        return None;
    }
    let sides: BTreeSet<(&str, Option<usize>)> = utterances
        .iter()
        .filter_map(|u| {
            let side = if by_fold { u.fold } else { u.part.map(|part| part as usize) };
            Some((u.speaker()?, side))
        })
        .collect();
    let speakers: Vec<&str> = sides.iter().map(|&(speaker, _)| speaker).collect();
    let shared: BTreeSet<&str> =
        speakers.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    let held = |i: &usize| !by_fold && utterances[*i].part == Some(Part::Validation);
    Some(GivenSplit {
        folds: match by_fold {
            true => utterances.iter().filter_map(|u| u.fold).max().unwrap_or_default(),
            false => 1,
        },
        validation: (0..utterances.len()).filter(held).collect(),
        speakers_apart: shared.is_empty() && utterances.iter().all(|u| u.speaker().is_some()),
        shared_speakers: shared.into_iter().map(str::to_owned).collect(),
    })
}

pub(super) fn folds(corpus: &Corpus, k: usize) -> Result<Vec<Fold>, CorpusError> {
    let unsupported = |reason: String| CorpusError::UnsupportedSplit {
        corpus: corpus.name.clone(),
        split: Split::Given,
        reason,
    };
    let Some(given) = given_split(corpus) else {
        return Err(unsupported(
            "it gives none; a manifest has the columns fold and split for it".to_owned(),
        ));
    };
    if k != given.folds {
        let reason = format!("{} are given", given.folds);
        return Err(CorpusError::FoldCount { split: Split::Given, k, reason });
    }
    let by_fold = corpus.utterances.iter().any(|u| u.fold.is_some());
    let placed = |u: &crate::Utterance| if by_fold { u.fold.is_some() } else { u.part.is_some() };
    if let Some(astray) = corpus.utterances.iter().find(|u| !placed(u)) {
        return Err(unsupported(format!("utterance {} is in none of its parts", astray.id)));
    }
    if k > corpus.utterances.len() {
        let reason = format!("there are {} utterances", corpus.utterances.len());
        return Err(CorpusError::FoldCount { split: Split::Given, k, reason });
    }
    let all = 0..corpus.utterances.len();
    let cut: Vec<Fold> = match by_fold {
        true => (1..=k)
            .map(|number| {
                let tests = |i: &usize| corpus.utterances[*i].fold == Some(number);
                let (test, train) = all.clone().partition(tests);
                Fold { number, train, test }
            })
            .collect(),
        false => {
            let part = |part: Part| {
                all.clone().filter(|&i| corpus.utterances[i].part == Some(part)).collect()
            };
            vec![Fold { number: 1, train: part(Part::Train), test: part(Part::Test) }]
        }
    };
    match cut.iter().find(|fold| fold.train.is_empty() || fold.test.is_empty()) {
        Some(fold) => {
            let side = if fold.test.is_empty() { "test" } else { "train" };
            Err(unsupported(format!("fold {} has nothing to {side} on", fold.number)))
        }
        None => Ok(cut),
    }
}

/// What a given split keeps apart, and what it leaves out.
pub(crate) fn on_given_split(corpus: &Corpus) -> Vec<Remark> {
    let Some(given) = given_split(corpus) else { return Vec::new() };
    let mut remarks = Vec::new();
    let by_fold = corpus.utterances.iter().any(|u| u.fold.is_some());
    if by_fold && corpus.utterances.iter().any(|u| u.part.is_some()) {
        remarks.push(Remark::FoldsBeforeParts);
    }
    if !given.validation.is_empty() {
        remarks.push(Remark::ValidationUnused(given.validation.len()));
    }
    remarks.push(match (given.speakers_apart, given.shared_speakers.as_slice()) {
        (true, _) => Remark::GivenSpeakersApart,
        (false, []) => Remark::GivenSpeakersUnknown,
        (false, shared) => {
            Remark::GivenSpeakersShared { count: shared.len(), example: shared[0].clone() }
        }
    });
    remarks
}
