//! Carving a validation part out of a training part.

use serde::{Deserialize, Serialize};

use super::groups::{self, SplitGroup};
use super::shuffle::{generator, shuffle};
use super::{Fold, Split, check_leakage};
use crate::{Corpus, CorpusError};

/// What is held out of the training part for validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldOutUnit {
    /// Whole speakers, with a proportionate share of each sex: validation then measures the
    /// same as a speaker-independent test.
    Speakers,
    /// Utterances, with a proportionate share of each class.
    Utterances,
}

/// A training part cut in two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidationSplit {
    /// Indices into [`Corpus::utterances`] to train on, ascending.
    pub train: Vec<usize>,
    /// Indices into [`Corpus::utterances`] to validate on, ascending.
    pub validation: Vec<usize>,
}

/// Cuts `fold.train` in two; the test part is not touched.
///
/// `fraction` is the share for validation, of the speakers (to the nearest whole speaker, and at
/// least one) or of each class (to the nearest utterance). Copies of a recording stay on one side.
/// Each fold draws on its own: the same seed holds out different data in different folds.
///
/// # Errors
///
/// [`CorpusError::Validation`] where `fraction` is not between 0 and 1 (both excluded), or either
/// side would be empty; [`CorpusError::Leakage`] where `fold` itself leaks into its test part;
/// [`CorpusError::GroupCount`] and [`CorpusError::Invalid`] for contradictory input.
pub fn validation_split(
    corpus: &Corpus,
    groups: &[usize],
    fold: &Fold,
    by: HoldOutUnit,
    fraction: f64,
    seed: u64,
) -> Result<ValidationSplit, CorpusError> {
    corpus.validate()?;
    if groups.len() != corpus.utterances.len() {
        return Err(CorpusError::GroupCount {
            groups: groups.len(),
            utterances: corpus.utterances.len(),
        });
    }
    if !(fraction > 0.0 && fraction < 1.0) {
        let problem = format!("its share is {fraction}, which is not between 0 and 1");
        return Err(CorpusError::Validation(problem));
    }
    check_leakage(corpus, groups, fold, Split::Random).into_result()?;
    let mut indices = fold.train.clone();
    indices.sort_unstable();
    indices.dedup();
    let mut held = vec![false; corpus.utterances.len()];
    let mut mark = |group: &SplitGroup| group.members.iter().for_each(|&i| held[i] = true);
    match by {
        HoldOutUnit::Speakers => {
            let split_groups = groups::by_speaker(corpus, groups, &indices);
            hold_speakers(&split_groups, fraction, seed, fold.number)?
                .into_iter()
                .for_each(&mut mark);
        }
        HoldOutUnit::Utterances => {
            let split_groups = groups::by_recording(corpus, groups, &indices);
            hold_utterances(&split_groups, fraction, seed, fold.number)
                .into_iter()
                .for_each(&mut mark);
        }
    }
    let (validation, train): (Vec<usize>, Vec<usize>) = indices.iter().partition(|&&i| held[i]);
    let empty = match (validation.is_empty(), train.is_empty()) {
        (true, _) => "nothing for validation",
        (_, true) => "nothing to train on",
        _ => return Ok(ValidationSplit { train, validation }),
    };
    Err(CorpusError::Validation(format!(
        "a share of {fraction} of {} training utterances leaves {empty}",
        indices.len()
    )))
}

/// Takes speakers from the sexes in proportion to their numbers.
fn hold_speakers(
    split_groups: &[SplitGroup],
    fraction: f64,
    seed: u64,
    fold: usize,
) -> Result<Vec<&SplitGroup>, CorpusError> {
    if split_groups.len() < 2 {
        let problem = "speakers are to be held out, and the training part has only one".to_owned();
        return Err(CorpusError::Validation(problem));
    }
    let target =
        ((split_groups.len() as f64 * fraction).round() as usize).clamp(1, split_groups.len() - 1);
    let mut hand: Vec<&SplitGroup> = split_groups.iter().collect();
    shuffle(&mut hand, &mut generator("validation speakers", seed, fold));
    // The r-th (from 0) of the n speakers of a sex is placed at (2r + 1) / 2n; equal places keep their
    // shuffled order, so of two equal sexes neither is favoured.
    let of_sex = |sex: usize| split_groups.iter().filter(|b| b.stratum == sex).count();
    let mut placed: Vec<(usize, usize, &SplitGroup)> = Vec::with_capacity(hand.len());
    for group in hand {
        let rank = placed.iter().filter(|(_, _, b)| b.stratum == group.stratum).count();
        placed.push((2 * rank + 1, 2 * of_sex(group.stratum), group));
    }
    placed.sort_by(|(a, n, _), (b, m, _)| (a * m).cmp(&(b * n)));
    Ok(placed.into_iter().take(target).map(|(_, _, group)| group).collect())
}

/// Takes its share of each class; a group too large for what is left of the share stays.
fn hold_utterances(
    split_groups: &[SplitGroup],
    fraction: f64,
    seed: u64,
    fold: usize,
) -> Vec<&SplitGroup> {
    let strata = split_groups.iter().map(|b| b.weights.len()).max().unwrap_or(0);
    let mut rng = generator("validation utterances", seed, fold);
    let mut held = Vec::new();
    for stratum in 0..strata {
        let mut hand: Vec<&SplitGroup> =
            split_groups.iter().filter(|b| b.stratum == stratum).collect();
        shuffle(&mut hand, &mut rng);
        let size: usize = hand.iter().map(|b| b.weight()).sum();
        let mut left = (size as f64 * fraction).round() as usize;
        for group in hand {
            if group.weight() <= left {
                left -= group.weight();
                held.push(group);
            }
        }
    }
    held
}
