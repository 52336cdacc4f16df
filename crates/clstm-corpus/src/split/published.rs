//! Folds published for a corpus.
//!
//! Ma et al. (2024), "EmoBox: Multilingual Multi-corpus Speech Emotion Recognition Toolkit and
//! Benchmark", Interspeech, <https://arxiv.org/abs/2406.07162>.
//!
//! Luna-Jiménez et al. (2021), "Multimodal Emotion Recognition on RAVDESS Dataset Using Transfer
//! Learning", Sensors 21(22), 7665, <https://doi.org/10.3390/s21227665>.

use std::collections::BTreeSet;

use super::{Fold, Split};
use crate::registry::{self, PublishedFolds};
use crate::{Corpus, CorpusError};

/// The published folds of the corpus of this name; none where there are no such folds.
pub(super) fn of(corpus: &str, split: Split) -> Option<&'static PublishedFolds> {
    let published = registry::adapter(corpus).map_or(&[][..], |adapter| adapter.published);
    published.iter().find(|(of, _)| *of == split).map(|(_, folds)| folds)
}

/// Folds of a corpus.
pub(super) enum Assignment {
    /// The fold, from 0, that tests on each utterance.
    FoldOf(Vec<usize>),
    /// Folds that need not test on every utterance.
    Folds(Vec<Fold>),
}

pub(super) fn assign(corpus: &Corpus, split: Split, k: usize) -> Result<Assignment, CorpusError> {
    let authors = if split == Split::EmoBox { "EmoBox" } else { "Luna-Jiménez et al." };
    let Some(published) = of(&corpus.name, split) else {
        let reason = format!("no {authors} folds are known for it; use the speaker split");
        return Err(unsupported(corpus, split, reason));
    };
    if k != published.count() {
        let verb = if split == Split::EmoBox { "publishes" } else { "publish" };
        let count = published.count();
        let folds = if count == 1 { "fold" } else { "folds" };
        return Err(CorpusError::FoldCount {
            split,
            k,
            reason: format!("{authors} {verb} {count} {folds} for {}", corpus.name),
        });
    }
    match published {
        PublishedFolds::TestSpeakers(folds) => {
            by_speakers(corpus, split, folds).map(Assignment::FoldOf)
        }
        PublishedFolds::TestIds(folds) => by_ids(corpus, split, folds).map(Assignment::Folds),
    }
}

fn by_speakers(
    corpus: &Corpus,
    split: Split,
    published: &[&[&str]],
) -> Result<Vec<usize>, CorpusError> {
    let fold_of = corpus
        .utterances
        .iter()
        .map(|u| {
            published.iter().position(|fold| fold.contains(&u.speaker.as_str())).ok_or_else(|| {
                let reason = format!("speaker {} of {} is in none of its folds", u.speaker, u.id);
                unsupported(corpus, split, reason)
            })
        })
        .collect::<Result<Vec<usize>, _>>()?;
    match published.iter().enumerate().find(|(fold, _)| !fold_of.contains(fold)) {
        Some((fold, speakers)) => {
            let reason = format!(
                "the test speakers of fold {} ({}) are missing from {}",
                fold + 1,
                speakers.join(", "),
                corpus.root.display()
            );
            Err(unsupported(corpus, split, reason))
        }
        None => Ok(fold_of),
    }
}

fn by_ids(corpus: &Corpus, split: Split, published: &[&str]) -> Result<Vec<Fold>, CorpusError> {
    let found: BTreeSet<&str> = corpus.utterances.iter().map(|u| u.id.as_str()).collect();
    let fold = |(number, list): (usize, &&str)| {
        let tested: BTreeSet<&str> = list.lines().collect();
        // A label map may leave out utterances; of a whole corpus nothing may be missing.
        let missing: Vec<&str> = tested.difference(&found).copied().collect();
        if corpus.label_map.is_none() && !missing.is_empty() {
            let reason = format!(
                "{} of the {} test utterances of fold {} are missing, such as {}",
                missing.len(),
                tested.len(),
                number + 1,
                missing[0]
            );
            return Err(unsupported(corpus, split, reason));
        }
        let is_tested = |i: &usize| tested.contains(corpus.utterances[*i].id.as_str());
        let (test, train) = (0..corpus.utterances.len()).partition(is_tested);
        Ok(Fold { number: number + 1, train, test })
    };
    published.iter().enumerate().map(fold).collect()
}

fn unsupported(corpus: &Corpus, split: Split, reason: String) -> CorpusError {
    CorpusError::UnsupportedSplit { corpus: corpus.name.clone(), split, reason }
}
