//! Batches of augmented crops, assembled on a thread of their own while the network trains.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::augment::{AugmentConfig, Augmenter};
use crate::auxiliary::AuxiliaryTargets;
use crate::mixup::mix_up;
use crate::seed_purpose::SeedPurpose;
use crate::{Batch, CustomAugmentation, Dataset, Recipe, Teacher, TrainError};

/// Batches waiting to be used: two hide the assembly, more only take memory.
const AHEAD: usize = 2;

/// How many steps an epoch over `utterances` has: batches of nearly equal size, so that no batch
/// norm sees a handful of left-over utterances.
pub(crate) fn steps_per_epoch(utterances: usize, batch: usize) -> usize {
    (utterances as f64 / batch as f64).round().max(1.0) as usize
}

fn batch_range(step: usize, steps: usize, utterances: usize) -> Range<usize> {
    step * utterances / steps..(step + 1) * utterances / steps
}

/// The order of `utterances` in an epoch (Fisher-Yates, written out: a library's shuffle may change
/// between releases, and with it every result).
fn order(utterances: &[usize], seed: u64, epoch: usize) -> Vec<usize> {
    let mut random = Pcg64::seed_from_u64(SeedPurpose::Order.derive(seed, epoch as u64));
    let mut order = utterances.to_vec();
    for i in (1..order.len()).rev() {
        // The bias of the remainder is below 2^-50 for any corpus.
        order.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
    }
    order
}

/// What batches are made of.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) dataset: &'a Dataset,
    /// To train on.
    pub(crate) utterances: &'a [usize],
    pub(crate) recipe: &'a Recipe,
    pub(crate) teacher: Option<&'a Teacher>,
    pub(crate) auxiliary: &'a AuxiliaryTargets,
    pub(crate) augmentation: Option<&'a dyn CustomAugmentation>,
}

/// Starts the assembly of epoch `epoch` (from 0) from step `first` on. The receiver yields the
/// batches in order; dropping it ends the thread.
pub(crate) fn assemble<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    source: Source<'env>,
    epoch: usize,
    first: usize,
) -> Result<Receiver<Batch>, TrainError> {
    let Source { dataset, utterances, recipe, teacher, auxiliary, augmentation } = source;
    let config: AugmentConfig = recipe.augment.clone();
    let mut augmenter = Augmenter::new(config, recipe.frontend.sample_rate)?;
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        let order = order(utterances, recipe.seed, epoch);
        let steps = steps_per_epoch(order.len(), recipe.batch);
        let mut crop = Vec::new();
        for step in first..steps {
            let items = &order[batch_range(step, steps, order.len())];
            let mut segments = Vec::with_capacity(items.len() * recipe.span());
            for &item in items {
                let purpose = SeedPurpose::Augmentation { utterance: item };
                let seed = purpose.derive(recipe.seed, epoch as u64 + 1);
                augmenter.apply(&dataset.clips[item].samples, seed, recipe.span(), &mut crop);
                if let Some(effect) = augmentation {
                    effect.apply(&mut crop, recipe.frontend.sample_rate, seed);
                }
                segments.extend_from_slice(&crop);
            }
            let labels: Vec<usize> = items.iter().map(|item| dataset.label(*item)).collect();
            let seed = SeedPurpose::Mixup.derive(recipe.seed, (epoch * steps + step) as u64 + 1);
            let mixed = mix_up(&recipe.mixup, seed, recipe.span(), &mut segments, &labels);
            let teacher_probs = teacher.map_or(Vec::new(), |teacher| {
                teacher.probabilities(&segments, recipe.span(), recipe.distillation.temperature)
            });
            let auxiliary_targets = auxiliary.targets(items, &mixed);
            if sender
                .send(Batch { segments, labels, mixed, teacher_probs, auxiliary_targets })
                .is_err()
            {
                return; // the training stopped
            }
        }
    });
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_sees_every_utterance_once_in_batches_of_nearly_equal_size() {
        for (count, batch) in [(1152, 32), (1153, 32), (7, 32), (100, 64), (97, 2)] {
            let steps = steps_per_epoch(count, batch);
            let sizes: Vec<usize> =
                (0..steps).map(|s| batch_range(s, steps, count).len()).collect();
            assert_eq!(sizes.iter().sum::<usize>(), count);
            let (least, most) = (sizes.iter().min(), sizes.iter().max());
            assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1));
        }
    }

    #[test]
    fn the_order_is_a_permutation_that_seed_and_epoch_decide() {
        let utterances: Vec<usize> = (10..60).collect();
        let mut sorted = order(&utterances, 1, 0);
        assert_eq!(sorted, order(&utterances, 1, 0));
        assert_ne!(sorted, order(&utterances, 1, 1));
        assert_ne!(sorted, order(&utterances, 2, 0));
        sorted.sort_unstable();
        assert_eq!(sorted, utterances);
    }
}
