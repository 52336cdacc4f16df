//! Folds published for a corpus.
//!
//! Ma et al. (2024), "EmoBox: Multilingual Multi-corpus Speech Emotion Recognition Toolkit and
//! Benchmark", Interspeech, <https://arxiv.org/abs/2406.07162>.
//!
//! Luna-Jiménez et al. (2021), "Multimodal Emotion Recognition on RAVDESS Dataset Using Transfer
//! Learning", Sensors 21(22), 7665, <https://doi.org/10.3390/s21227665>.

use super::Split;
use crate::{Corpus, CorpusError, registry};

/// The test speakers of each fold; none where there are no such folds of the corpus.
pub(super) fn test_speakers(corpus: &Corpus, split: Split) -> &'static [&'static [&'static str]] {
    let published = registry::adapter(&corpus.name).map_or(&[][..], |adapter| adapter.published);
    published.iter().find(|(of, _)| *of == split).map_or(&[], |(_, folds)| *folds)
}

pub(super) fn assign(corpus: &Corpus, split: Split, k: usize) -> Result<Vec<usize>, CorpusError> {
    let published = test_speakers(corpus, split);
    let who = if split == Split::EmoBox { "EmoBox" } else { "Luna-Jiménez et al." };
    let unsupported = |reason: String| CorpusError::UnsupportedSplit {
        corpus: corpus.name.clone(),
        split,
        reason,
    };
    if published.is_empty() {
        return Err(unsupported(format!("no {who} folds are known for it; use the speaker split")));
    }
    if k != published.len() {
        let verb = if split == Split::EmoBox { "publishes" } else { "publish" };
        return Err(CorpusError::FoldCount {
            split,
            k,
            reason: format!("{who} {verb} {} folds for {}", published.len(), corpus.name),
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
