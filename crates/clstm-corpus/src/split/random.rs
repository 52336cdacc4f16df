//! Folds of utterances at random, stratified by class.

use super::{Split, assign, at_least_two, groups};
use crate::{Corpus, CorpusError};

pub(super) fn assign(
    corpus: &Corpus,
    groups: &[usize],
    k: usize,
    seed: u64,
) -> Result<Vec<usize>, CorpusError> {
    at_least_two(Split::Random, k)?;
    let all: Vec<usize> = (0..corpus.utterances.len()).collect();
    let split_groups = groups::by_recording(corpus, groups, &all);
    let mut recordings = vec![0; corpus.labels.len()];
    for group in &split_groups {
        recordings[group.stratum] += 1;
    }
    // A class of which the corpus has nothing at all (a part of a corpus) is not refused.
    let smallest =
        recordings.iter().zip(&corpus.labels).filter(|&(&n, _)| n > 0).min_by_key(|&(&n, _)| n);
    match smallest {
        Some((&n, label)) if n < k => Err(CorpusError::FoldCount {
            split: Split::Random,
            k,
            reason: format!("the smallest class, {label}, has {n} different recordings"),
        }),
        Some(_) => Ok(assign::assign_groups(&split_groups, all.len(), k, "random folds", seed)),
        None => Err(CorpusError::FoldCount {
            split: Split::Random,
            k,
            reason: "the corpus has no utterances".to_owned(),
        }),
    }
}
