//! One fold for each recording session.

use std::collections::BTreeSet;

use super::{Split, speakers_known};
use crate::{Corpus, CorpusError};

/// The sessions of a corpus, sorted.
pub(super) fn sessions(corpus: &Corpus) -> Vec<&str> {
    let set: BTreeSet<&str> =
        corpus.utterances.iter().filter_map(|u| u.session.as_deref()).collect();
    set.into_iter().collect()
}

pub(super) fn assign(corpus: &Corpus, k: usize) -> Result<Vec<usize>, CorpusError> {
    let sessions = sessions(corpus);
    let unsupported = |reason: String| CorpusError::UnsupportedSplit {
        corpus: corpus.name.clone(),
        split: Split::Session,
        reason,
    };
    if sessions.is_empty() {
        return Err(unsupported("it has no recording sessions; use the speaker split".to_owned()));
    }
    // The split promises that no speaker is in two sessions.
    speakers_known(corpus, Split::Session)?;
    if k != sessions.len() || k < 2 {
        return Err(CorpusError::FoldCount {
            split: Split::Session,
            k,
            reason: format!("there is one fold a session, and {} sessions", sessions.len()),
        });
    }
    corpus
        .utterances
        .iter()
        .map(|u| {
            let session = u.session.as_deref();
            sessions
                .iter()
                .position(|&s| Some(s) == session)
                .ok_or_else(|| unsupported(format!("utterance {} has no session", u.id)))
        })
        .collect()
}
