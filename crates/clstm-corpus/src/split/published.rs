//! Folds published for a corpus: EmoBox.
//!
//! Ma et al. (2024), "EmoBox: Multilingual Multi-corpus Speech Emotion Recognition Toolkit and
//! Benchmark", Interspeech, <https://arxiv.org/abs/2406.07162>.

use super::Split;
use crate::{Corpus, CorpusError, registry};

/// The test speakers of each fold; none where EmoBox does not have the corpus.
pub(super) fn test_speakers(corpus: &Corpus) -> &'static [&'static [&'static str]] {
    registry::adapter(&corpus.name).map_or(&[], |adapter| adapter.emobox)
}

pub(super) fn assign(corpus: &Corpus, k: usize) -> Result<Vec<usize>, CorpusError> {
    let published = test_speakers(corpus);
    let unsupported = |reason: String| CorpusError::UnsupportedSplit {
        corpus: corpus.name.clone(),
        split: Split::EmoBox,
        reason,
    };
    if published.is_empty() {
        return Err(unsupported(
            "no EmoBox folds are known for it; use the speaker split".to_owned(),
        ));
    }
    if k != published.len() {
        return Err(CorpusError::FoldCount {
            split: Split::EmoBox,
            k,
            reason: format!("EmoBox publishes {} folds for {}", published.len(), corpus.name),
        });
    }
    let fold_of = corpus
        .utterances
        .iter()
        .map(|u| {
            published.iter().position(|fold| fold.contains(&u.speaker.as_str())).ok_or_else(|| {
                unsupported(format!("speaker {} of {} is in none of its folds", u.speaker, u.id))
            })
        })
        .collect::<Result<Vec<usize>, _>>()?;
    match published.iter().enumerate().find(|(fold, _)| !fold_of.contains(fold)) {
        Some((fold, speakers)) => Err(unsupported(format!(
            "the test speakers of fold {} ({}) are missing from {}",
            fold + 1,
            speakers.join(", "),
            corpus.root.display()
        ))),
        None => Ok(fold_of),
    }
}
