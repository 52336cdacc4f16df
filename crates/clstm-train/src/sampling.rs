//! Which utterances a training and its epochs use, and in which order.

use std::collections::BTreeMap;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::seed_purpose::SeedPurpose;
use crate::{Dataset, Recipe, TrainError};

/// How often utterances of large and small corpora and classes occur in an epoch (temperature-based sampling, Arivazhagan
/// et al. 2019, <https://arxiv.org/abs/1907.05019>).
///
/// An epoch always has as many utterances as the training data. With both powers at 1 (the default) it has each utterance
/// once. Otherwise corpora, and classes within a corpus, occur in proportion to their number of utterances raised to the
/// power: 0 makes all equally frequent, 0.5 lies between.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamplingConfig {
    /// Power for the corpora of a join, 0 to 1.
    pub corpus_power: f64,
    /// Power for the classes within each corpus, 0 to 1.
    pub class_power: f64,
    /// Utterances of each class that a training uses, drawn by the recipe's seed from its training part (few-shot); 0 for all.
    pub shots: usize,
}

/// Most utterances of each class that can be drawn.
const MOST_SHOTS: usize = 1_000_000;

impl Default for SamplingConfig {
    /// Every utterance once.
    fn default() -> Self {
        Self { corpus_power: 1.0, class_power: 1.0, shots: 0 }
    }
}

impl SamplingConfig {
    pub(crate) fn validate(&self) -> Result<(), TrainError> {
        let bad = |message: String| Err(TrainError::Recipe(message));
        if ![self.corpus_power, self.class_power].iter().all(|p| (0.0..=1.0).contains(p)) {
            return bad(
                "sampling.corpus_power and sampling.class_power must be in [0, 1]".to_owned()
            );
        }
        if self.shots > MOST_SHOTS {
            return bad(format!("sampling.shots is {}, not in 0..={MOST_SHOTS}", self.shots));
        }
        Ok(())
    }

    fn is_uniform(&self) -> bool {
        let Self { corpus_power, class_power, shots: _ } = *self;
        let default = Self::default();
        (corpus_power, class_power) == (default.corpus_power, default.class_power)
    }

    /// The number of shots as a protocol records it; none where all utterances are used.
    #[must_use]
    pub fn protocol(&self) -> Option<usize> {
        (self.shots > 0).then_some(self.shots)
    }
}

/// The utterances that a training of fold `fold` (0 for a training on everything) uses of its training part `train`, in the
/// same order: at most [`shots`](SamplingConfig::shots) of each class, drawn by the recipe's seed, or all where that is 0.
#[must_use]
pub fn draw_shots(dataset: &Dataset, train: &[usize], recipe: &Recipe, fold: usize) -> Vec<usize> {
    let shots = recipe.sampling.shots;
    if shots == 0 {
        return train.to_vec();
    }
    let seed = SeedPurpose::Shots.derive(recipe.seed, fold as u64);
    let mut random = Pcg64::seed_from_u64(seed);
    let mut places: Vec<usize> = (0..train.len()).collect();
    shuffle(&mut places, &mut random);
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    places.retain(|place| {
        let taken = taken.entry(dataset.label(train[*place])).or_default();
        *taken += 1;
        *taken <= shots
    });
    places.sort_unstable();
    places.into_iter().map(|place| train[place]).collect()
}

/// The utterances of epochs.
pub(crate) struct Sampler {
    utterances: Vec<usize>,
    /// How often each occurs in an epoch on average; none where all occur once.
    rates: Option<Vec<f64>>,
}

impl Sampler {
    pub(crate) fn new(config: SamplingConfig, dataset: &Dataset, utterances: &[usize]) -> Self {
        let key = |utterance: usize| {
            let utterance = &dataset.corpus.utterances[utterance];
            (utterance.corpus.as_str(), utterance.label)
        };
        let keys: Vec<(&str, usize)> = utterances.iter().map(|u| key(*u)).collect();
        let rates = (!config.is_uniform()).then(|| rates(config, &keys));
        Self { utterances: utterances.to_vec(), rates }
    }

    /// The utterances of epoch `epoch` in the order of their use; as many as there are.
    pub(crate) fn epoch(&self, seed: u64, epoch: usize) -> Vec<usize> {
        let mut random = Pcg64::seed_from_u64(SeedPurpose::Order.derive(seed, epoch as u64));
        let mut order = self.utterances.clone();
        shuffle(&mut order, &mut random);
        if let Some(rates) = &self.rates {
            let mut places: Vec<usize> = (0..self.utterances.len()).collect();
            shuffle(&mut places, &mut random);
            order = systematic(&places, rates, &mut random)
                .into_iter()
                .map(|place| self.utterances[place])
                .collect();
            shuffle(&mut order, &mut random);
        }
        order
    }
}

/// How often each utterance occurs in an epoch on average, by its corpus and class. Their sum is the number of utterances.
fn rates(config: SamplingConfig, keys: &[(&str, usize)]) -> Vec<f64> {
    let mut corpora: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
    for (corpus, class) in keys {
        *corpora.entry(corpus).or_default().entry(*class).or_default() += 1;
    }
    let total = |classes: &BTreeMap<usize, usize>| classes.values().sum::<usize>() as f64;
    let corpus_sum: f64 = corpora.values().map(|c| total(c).powf(config.corpus_power)).sum();
    let weight = |corpus: &str, class: usize| {
        let classes = &corpora[corpus];
        let class_sum: f64 =
            classes.values().map(|count| (*count as f64).powf(config.class_power)).sum();
        let count = classes[&class] as f64;
        total(classes).powf(config.corpus_power) / corpus_sum * count.powf(config.class_power)
            / class_sum
            / count
    };
    keys.iter().map(|(corpus, class)| weight(corpus, *class) * keys.len() as f64).collect()
}

/// Systematic sampling: one random offset, then a step of 1 along the sum of the rates. An utterance occurs its rate
/// rounded down or up.
fn systematic(places: &[usize], rates: &[f64], random: &mut Pcg64) -> Vec<usize> {
    let offset = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let (mut sum, mut taken) = (0.0, Vec::with_capacity(places.len()));
    for &place in places {
        sum += rates[place];
        while taken.len() < places.len() && taken.len() as f64 + offset < sum {
            taken.push(place);
        }
    }
    // Rounding of the sum may leave the last one out.
    while taken.len() < places.len() {
        taken.extend(places.last());
    }
    taken
}

/// Fisher-Yates, written out: a library's shuffle may change between releases, and with it every result.
fn shuffle(items: &mut [usize], random: &mut Pcg64) {
    for i in (1..items.len()).rev() {
        // The bias of the remainder is below 2^-50 for any corpus.
        items.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(utterances: &[usize], rates: Option<Vec<f64>>) -> Sampler {
        Sampler { utterances: utterances.to_vec(), rates }
    }

    #[test]
    fn the_order_is_a_permutation_that_seed_and_epoch_decide() {
        let utterances: Vec<usize> = (10..60).collect();
        let uniform = sampler(&utterances, None);
        let mut sorted = uniform.epoch(1, 0);
        assert_eq!(sorted, uniform.epoch(1, 0));
        assert_ne!(sorted, uniform.epoch(1, 1));
        assert_ne!(sorted, uniform.epoch(2, 0));
        sorted.sort_unstable();
        assert_eq!(sorted, utterances);
    }

    /// 80 utterances of corpus a (60 and 20 of two classes) and 20 of b.
    fn keys() -> Vec<(&'static str, usize)> {
        (0..100).map(|i| if i < 80 { ("a", usize::from(i >= 60)) } else { ("b", 0) }).collect()
    }

    #[test]
    fn powers_of_0_make_corpora_and_classes_equally_frequent() {
        let utterances: Vec<usize> = (0..100).collect();
        let config = SamplingConfig { corpus_power: 0.0, class_power: 0.0, shots: 0 };
        let balanced = sampler(&utterances, Some(rates(config, &keys())));
        let mut counts = [0; 3];
        for epoch in 0..200 {
            let order = balanced.epoch(7, epoch);
            assert_eq!(order.len(), 100);
            for utterance in order {
                counts[usize::from(utterance >= 60) + usize::from(utterance >= 80)] += 1;
            }
        }
        // 25 of each class of a, 50 of b, give or take one by systematic sampling.
        for (count, expected) in counts.into_iter().zip([25_i32, 25, 50]) {
            assert!((count - 200 * expected).abs() < 100, "{counts:?}");
        }
    }

    #[test]
    fn powers_of_1_have_each_utterance_once() {
        let utterances: Vec<usize> = (0..100).collect();
        let config = SamplingConfig { corpus_power: 1.0, class_power: 1.0, shots: 0 };
        let rates = rates(config, &keys());
        assert!(rates.iter().all(|rate| (rate - 1.0).abs() < 1e-12));
        let mut order = sampler(&utterances, Some(rates)).epoch(1, 3);
        order.sort_unstable();
        assert_eq!(order, utterances);
    }

    #[test]
    fn an_utterance_occurs_its_rate_rounded_down_or_up() {
        let utterances: Vec<usize> = (0..100).collect();
        let config = SamplingConfig { corpus_power: 0.5, class_power: 0.0, shots: 0 };
        let rates = rates(config, &keys());
        let order = sampler(&utterances, Some(rates.clone())).epoch(5, 9);
        for (place, rate) in rates.iter().enumerate() {
            let count = order.iter().filter(|u| **u == place).count() as f64;
            assert!(count >= rate.floor() && count <= rate.ceil() + 1e-9, "{count} of {rate}");
        }
    }
}
