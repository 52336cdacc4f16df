//! Text-independent folds: no statement on both sides.

use std::collections::BTreeSet;

use super::{Fold, Split, assign, at_least_two, groups, speaker};
use crate::{Corpus, CorpusError};

/// The statements of a corpus, sorted.
pub(super) fn statements(corpus: &Corpus) -> Vec<&str> {
    let set: BTreeSet<&str> =
        corpus.utterances.iter().filter_map(|u| u.statement.as_deref()).collect();
    set.into_iter().collect()
}

/// The fold, from 0, of each utterance: statements go to the folds so that these have as even a number
/// of utterances as can be.
pub(super) fn assign(
    corpus: &Corpus,
    groups: &[usize],
    k: usize,
    seed: u64,
) -> Result<Vec<usize>, CorpusError> {
    by_statement(corpus, groups, Split::Text, k, seed)
}

/// Folds that test on the utterances of a part of the statements by a part of the speakers, and train
/// on the utterances of the other statements by the other speakers.
pub(super) fn folds_apart(
    corpus: &Corpus,
    groups: &[usize],
    k: usize,
    seed: u64,
) -> Result<Vec<Fold>, CorpusError> {
    const SPLIT: Split = Split::TextSpeaker;
    let text = by_statement(corpus, groups, SPLIT, k, seed)?;
    let speaker = speaker::assign_for(SPLIT, corpus, groups, k, seed)?;
    let all = 0..corpus.utterances.len();
    let fold = |fold: usize| {
        let test: Vec<usize> =
            all.clone().filter(|&i| text[i] == fold && speaker[i] == fold).collect();
        let train: Vec<usize> =
            all.clone().filter(|&i| text[i] != fold && speaker[i] != fold).collect();
        match test.is_empty() || train.is_empty() {
            true => Err(CorpusError::FoldCount {
                split: SPLIT,
                k,
                reason: format!(
                    "fold {} has no utterance of a held-out statement by a held-out speaker",
                    fold + 1
                ),
            }),
            false => Ok(Fold { number: fold + 1, train, test }),
        }
    };
    (0..k).map(fold).collect()
}

fn by_statement(
    corpus: &Corpus,
    groups: &[usize],
    split: Split,
    k: usize,
    seed: u64,
) -> Result<Vec<usize>, CorpusError> {
    let unknown = corpus.utterances.iter().filter(|u| u.statement.is_none()).count();
    if unknown > 0 {
        return Err(CorpusError::UnsupportedSplit {
            corpus: corpus.name.clone(),
            split,
            reason: format!(
                "the text of {unknown} of its {} utterances is not known, so statements cannot be \
                 kept apart",
                corpus.utterances.len()
            ),
        });
    }
    at_least_two(split, k)?;
    let all: Vec<usize> = (0..corpus.utterances.len()).collect();
    let statement = |i: usize| corpus.utterances[i].statement.as_deref().unwrap_or_default();
    let split_groups = groups::by_name(corpus, groups, &all, statement);
    if k > split_groups.len() {
        let reason = format!("there are {} different statements", split_groups.len());
        return Err(CorpusError::FoldCount { split, k, reason });
    }
    Ok(assign::assign_groups(&split_groups, all.len(), k, "text folds", seed))
}
