//! Speaker-independent folds, stratified by sex and even in the number of utterances, however
//! unevenly the speakers spoke.

use super::{Split, at_least_two, block, deal, speakers_known};
use crate::{Corpus, CorpusError};

pub(super) fn assign(
    corpus: &Corpus,
    groups: &[usize],
    k: usize,
    seed: u64,
) -> Result<Vec<usize>, CorpusError> {
    speakers_known(corpus, Split::Speaker)?;
    at_least_two(Split::Speaker, k)?;
    let all: Vec<usize> = (0..corpus.utterances.len()).collect();
    let blocks = block::of_speakers(corpus, groups, &all);
    if k > blocks.len() {
        let speakers = corpus.speakers().len();
        let reason = if blocks.len() < speakers {
            format!(
                "of {speakers} speakers some share recordings, which leaves {} to tell apart",
                blocks.len()
            )
        } else {
            format!("there are {speakers} speakers")
        };
        return Err(CorpusError::FoldCount { split: Split::Speaker, k, reason });
    }
    Ok(deal::deal(&blocks, all.len(), k, "speaker folds", seed))
}
