//! Speaker-independent folds, stratified by sex and even in the number of utterances, however
//! unevenly the speakers spoke.

use super::{Split, assign, at_least_two, groups, speakers_known};
use crate::{Corpus, CorpusError};

pub(super) fn assign(
    corpus: &Corpus,
    groups: &[usize],
    k: usize,
    seed: u64,
) -> Result<Vec<usize>, CorpusError> {
    assign_for(Split::Speaker, corpus, groups, k, seed)
}

/// The same, for a split that keeps more than speakers apart.
pub(super) fn assign_for(
    split: Split,
    corpus: &Corpus,
    groups: &[usize],
    k: usize,
    seed: u64,
) -> Result<Vec<usize>, CorpusError> {
    speakers_known(corpus, split)?;
    at_least_two(split, k)?;
    let all: Vec<usize> = (0..corpus.utterances.len()).collect();
    let split_groups = groups::by_speaker(corpus, groups, &all);
    if k > split_groups.len() {
        let speakers = corpus.speakers().len();
        let reason = if split_groups.len() < speakers {
            format!(
                "of {speakers} speakers some share recordings, which leaves {} to keep apart",
                split_groups.len()
            )
        } else {
            format!("there are {speakers} speakers")
        };
        return Err(CorpusError::FoldCount { split, k, reason });
    }
    Ok(assign::assign_groups(&split_groups, all.len(), k, "speaker folds", seed))
}
