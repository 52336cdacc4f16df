//! Log priors of the classes in each corpus, which the softmax loss adds to the logits.
//!
//! A corpus that lacks a class is no evidence against that class: its utterances leave the class out of the softmax.
//! Logit adjustment by the shares of each corpus keeps the network from learning the corpus for its classes.

use std::collections::BTreeMap;

use crate::Dataset;

/// Added to the logit of a class that a corpus does not have: no gradient reaches it.
pub(crate) const ABSENT: f32 = -1e4;

/// The log priors of utterances of several corpora.
pub(crate) struct ClassPriors {
    /// Which row of `shares` each utterance of the dataset has.
    rows: Vec<usize>,
    /// Share of each class relative to the corpus's most common one, by corpus.
    shares: Vec<Vec<f64>>,
    /// Factor of the logarithm: the recipe's logit adjustment.
    strength: f64,
}

impl ClassPriors {
    /// The priors of `utterances` of a join of corpora. None where one prior serves all: a single corpus, or corpora
    /// with the same classes and no logit adjustment.
    pub(crate) fn of(dataset: &Dataset, utterances: &[usize], strength: f64) -> Option<Self> {
        let classes = dataset.corpus.labels.len();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for utterance in &dataset.corpus.utterances {
            let row = names.len();
            names.entry(&utterance.corpus).or_insert(row);
        }
        let rows: Vec<usize> =
            dataset.corpus.utterances.iter().map(|u| names[u.corpus.as_str()]).collect();
        let mut counts = vec![vec![0_usize; classes]; names.len()];
        for &utterance in utterances {
            counts[rows[utterance]][dataset.label(utterance)] += 1;
        }
        Self::from_counts(rows, &counts, strength)
    }

    fn from_counts(rows: Vec<usize>, counts: &[Vec<usize>], strength: f64) -> Option<Self> {
        let trained: Vec<&Vec<usize>> =
            counts.iter().filter(|row| row.iter().any(|count| *count > 0)).collect();
        let present = |row: &[usize]| row.iter().map(|count| *count > 0).collect::<Vec<_>>();
        let same_classes = trained.windows(2).all(|pair| present(pair[0]) == present(pair[1]));
        if trained.len() < 2 || same_classes && strength == 0.0 {
            return None;
        }
        let shares = counts
            .iter()
            .map(|row| {
                let most = row.iter().copied().max().unwrap_or(0).max(1) as f64;
                row.iter().map(|count| *count as f64 / most).collect()
            })
            .collect();
        Some(Self { rows, shares, strength })
    }

    /// The offsets of the logits `[batch, classes]` of utterances with the next one in the batch mixed in by its share.
    pub(crate) fn offsets(&self, items: &[usize], mixed: &[(usize, f32)]) -> Vec<f32> {
        let row = |item: usize| &self.shares[self.rows[item]];
        let mut offsets = Vec::new();
        for (i, &item) in items.iter().enumerate() {
            let share = mixed.get(i).map_or(0.0, |(_, share)| f64::from(*share));
            let partner = items[(i + 1) % items.len()];
            let priors = row(item).iter().zip(row(partner));
            offsets.extend(priors.map(|(own, other)| {
                let prior = (1.0 - share) * own + share * other;
                if prior > 0.0 { (self.strength * prior.ln()) as f32 } else { ABSENT }
            }));
        }
        offsets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_prior_for_all_needs_no_offsets() {
        let rows = || vec![0, 1];
        assert!(ClassPriors::from_counts(rows(), &[vec![3, 4], vec![0, 0]], 1.0).is_none());
        assert!(ClassPriors::from_counts(rows(), &[vec![3, 4], vec![9, 1]], 0.0).is_none());
        assert!(ClassPriors::from_counts(rows(), &[vec![3, 4], vec![9, 0]], 0.0).is_some());
        assert!(ClassPriors::from_counts(rows(), &[vec![3, 4], vec![9, 1]], 1.0).is_some());
    }

    #[test]
    fn absent_classes_are_masked_unless_they_are_mixed_in() {
        let counts = [vec![4, 2, 0], vec![0, 5, 5]];
        let priors = ClassPriors::from_counts(vec![0, 1], &counts, 1.0).expect("two priors");
        let ln2 = std::f32::consts::LN_2;
        assert_eq!(priors.offsets(&[0, 1], &[]), [0.0, -ln2, ABSENT, ABSENT, 0.0, 0.0]);
        let mixed = priors.offsets(&[0, 1], &[(1, 0.5), (0, 0.0)]);
        assert_eq!(mixed[..3], [-ln2, (0.75f32).ln(), -ln2]);
        assert_eq!(mixed[3..], [ABSENT, 0.0, 0.0]);
    }
}
