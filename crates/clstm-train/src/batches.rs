//! Batches of augmented crops, assembled on a thread of their own while the network trains.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use crate::augment::{AugmentConfig, Augmenter};
use crate::auxiliary::AuxiliaryTargets;
use crate::class_priors::ClassPriors;
use crate::dimensions::DimensionTargets;
use crate::mixup::mix_up;
use crate::sampling::Sampler;
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

/// How often each item of `order` occurs before its place: copies of an utterance in an epoch are augmented differently.
fn occurrences(order: &[usize]) -> Vec<u64> {
    let mut counts: HashMap<usize, u64> = HashMap::new();
    let count = |item: &usize| {
        let count = counts.entry(*item).or_default();
        *count += 1;
        *count - 1
    };
    order.iter().map(count).collect()
}

/// The shares of the votes `[items, classes]`; zeros for an utterance without votes.
fn vote_shares(dataset: &Dataset, items: &[usize]) -> Vec<f32> {
    let classes = dataset.corpus.labels.len();
    let shares = |item: &usize| dataset.corpus.utterances[*item].vote_shares();
    items.iter().flat_map(|item| shares(item).unwrap_or_else(|| vec![0.0; classes])).collect()
}

/// What batches are made of.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) dataset: &'a Dataset,
    /// The utterances to train on, by epoch.
    pub(crate) sampler: &'a Sampler,
    /// Of the corpora, where they differ.
    pub(crate) priors: Option<&'a ClassPriors>,
    pub(crate) recipe: &'a Recipe,
    pub(crate) teacher: Option<&'a Teacher>,
    pub(crate) auxiliary: &'a AuxiliaryTargets,
    pub(crate) dimensions: &'a DimensionTargets,
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
    let Source { dataset, sampler, priors, recipe, teacher, auxiliary, dimensions, augmentation } =
        source;
    let config: AugmentConfig = recipe.augment.clone();
    let mut augmenter = Augmenter::new(config, recipe.frontend.sample_rate)?;
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        let order = sampler.epoch(recipe.seed, epoch);
        let occurrences = occurrences(&order);
        let steps = steps_per_epoch(order.len(), recipe.batch);
        let mut crop = Vec::new();
        for step in first..steps {
            let range = batch_range(step, steps, order.len());
            let items = &order[range.clone()];
            let mut segments = Vec::with_capacity(items.len() * recipe.span());
            for (&item, &occurrence) in items.iter().zip(&occurrences[range]) {
                let purpose = SeedPurpose::Augmentation { utterance: item };
                let seed = purpose.derive(recipe.seed, epoch as u64 + 1 + (occurrence << 32));
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
            let logit_offsets = priors.map_or(Vec::new(), |priors| priors.offsets(items, &mixed));
            let vote_shares = match recipe.vote_weight > 0.0 {
                true => vote_shares(dataset, items),
                false => Vec::new(),
            };
            let dimensions = dimensions.batch(items, &mixed);
            let batch = Batch {
                segments,
                labels,
                mixed,
                teacher_probs,
                logit_offsets,
                vote_shares,
                auxiliary_targets,
                dimensions,
            };
            if sender.send(batch).is_err() {
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
}
