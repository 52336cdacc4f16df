//! One fold for each speaker.

use super::{Split, at_least_two, speakers_known};
use crate::{Corpus, CorpusError};

/// The folds are in the order of the speakers' names.
pub(super) fn assign(corpus: &Corpus, k: usize) -> Result<Vec<usize>, CorpusError> {
    const SPLIT: Split = Split::LeaveOneSpeakerOut;
    speakers_known(corpus, SPLIT)?;
    let speakers = corpus.speakers();
    if k != speakers.len() {
        let reason = format!("there is one fold a speaker, and {} speakers", speakers.len());
        return Err(CorpusError::FoldCount { split: SPLIT, k, reason });
    }
    at_least_two(SPLIT, k)?;
    // Sorted, and each speaker is among them.
    let fold_of = |speaker: &str| speakers.binary_search(&speaker).unwrap_or_default();
    Ok(corpus.utterances.iter().map(|u| fold_of(&u.speaker)).collect())
}
