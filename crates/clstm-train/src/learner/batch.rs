//! The input of a training step.

use clstm_nn::burn::tensor::{Device, Tensor, TensorData};

use crate::DimensionBatch;
use crate::Recipe;
use crate::class_priors::ABSENT;

/// A batch of training crops with their targets.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Time steps of the crops `[batch, crop_steps, segment_length]`, row-major.
    pub segments: Vec<f32>,
    /// Class of each utterance.
    pub labels: Vec<usize>,
    /// Class and share, at most one half, of the utterance mixed into each; empty without mixup.
    pub mixed: Vec<(usize, f32)>,
    /// Probabilities by the teacher `[batch, classes]`; empty without one.
    pub teacher_probs: Vec<f32>,
    /// Added to the logits in the softmax loss `[batch, classes]`: log priors of the classes in the corpora of each
    /// utterance. Empty where one prior serves all.
    pub logit_offsets: Vec<f32>,
    /// Shares of the listeners' votes `[batch, classes]`, zeros for an utterance without votes; empty where the recipe
    /// does not use them.
    pub vote_shares: Vec<f32>,
    /// Targets of each of the recipe's auxiliary tasks, `[batch, classes of the task]`.
    pub auxiliary_targets: Vec<Vec<f32>>,
    /// Continuous targets; empty without dimensions.
    pub dimensions: DimensionBatch,
}

/// A batch on the device.
pub(super) struct Inputs {
    /// `[batch, crop_steps, segment_length]`
    pub(super) segments: Tensor<3>,
    /// Targets of the softmax loss with label smoothing `[batch, classes]`.
    pub(super) soft_targets: Tensor<2>,
    /// Targets without label smoothing `[batch, classes]`.
    pub(super) one_hot: Tensor<2>,
    /// Probabilities by the teacher `[batch, classes]`.
    pub(super) teacher_probs: Option<Tensor<2>>,
    /// Added to the logits in the softmax loss `[batch, classes]`.
    pub(super) logit_offsets: Option<Tensor<2>>,
    /// Targets of each auxiliary task `[batch, classes of the task]`.
    pub(super) auxiliary_targets: Vec<Tensor<2>>,
    /// Continuous targets, where there are some.
    pub(super) dimensions: Option<DimensionInputs>,
}

/// Continuous targets of a batch on the device.
pub(super) struct DimensionInputs {
    /// `[batch, dimensions]`
    pub(super) values: Tensor<2>,
    /// 1 where the value is known and 0 elsewhere `[batch, dimensions]`.
    pub(super) known: Tensor<2>,
    /// Known values of each dimension.
    pub(super) counts: Vec<f32>,
}

impl Inputs {
    /// Puts a batch on the device.
    ///
    /// # Panics
    /// If the batch is empty, or its sizes are not those of the recipe.
    pub(super) fn new(recipe: &Recipe, batch: Batch, device: &Device) -> Self {
        let (count, classes) = (batch.labels.len(), recipe.network.classes);
        let tensor = |values: Vec<f32>, columns: usize| {
            Tensor::<2>::from_data(TensorData::new(values, [count, columns]), device)
        };
        let off = recipe.label_smoothing / classes as f64;
        let on = 1.0 - recipe.label_smoothing + off;
        let shape = [count, recipe.crop_steps, recipe.frontend.segment_length];
        let targets = |on: f64, off: f64| {
            targets(&batch.labels, &batch.mixed, classes, [on as f32, off as f32])
        };
        let mut soft_targets = targets(on, off);
        let moved = (recipe.vote_weight * (on - off)) as f32;
        move_to_votes(&mut soft_targets, &batch, classes, moved);
        keep_to_present_classes(&mut soft_targets, &batch.logit_offsets, classes);
        let DimensionBatch { values, known } = batch.dimensions;
        let width = recipe.network.dimensions;
        let dimensions = (width > 0).then(|| DimensionInputs {
            counts: (0..width).map(|d| known.iter().skip(d).step_by(width).sum()).collect(),
            values: tensor(values, width),
            known: tensor(known, width),
        });
        Self {
            dimensions,
            soft_targets: tensor(soft_targets, classes),
            one_hot: tensor(targets(1.0, 0.0), classes),
            logit_offsets: (!batch.logit_offsets.is_empty())
                .then(|| tensor(batch.logit_offsets, classes)),
            segments: Tensor::from_data(TensorData::new(batch.segments, shape), device),
            teacher_probs: (!batch.teacher_probs.is_empty())
                .then(|| tensor(batch.teacher_probs, classes)),
            auxiliary_targets: batch
                .auxiliary_targets
                .into_iter()
                .map(|rows| {
                    let columns = rows.len() / count;
                    tensor(rows, columns)
                })
                .collect(),
        }
    }

    /// Utterances in the batch.
    pub(super) fn count(&self) -> usize {
        self.segments.dims()[0]
    }
}

/// Moves `moved` of the target of each utterance's label to the classes of its listeners' votes, by their shares; of a
/// mixture, by the share of each utterance.
fn move_to_votes(rows: &mut [f32], batch: &Batch, classes: usize, moved: f32) {
    if batch.vote_shares.is_empty() {
        return;
    }
    let count = batch.labels.len();
    for (index, row) in rows.chunks_exact_mut(classes).enumerate() {
        // Mixup takes the next utterance of the batch.
        let mixed = batch.mixed.get(index).map_or(0.0, |(_, share)| *share);
        for (utterance, share) in [(index, 1.0 - mixed), ((index + 1) % count, mixed)] {
            let votes = &batch.vote_shares[utterance * classes..][..classes];
            if votes.iter().all(|vote| *vote == 0.0) {
                continue;
            }
            row[batch.labels[utterance]] -= share * moved;
            row.iter_mut().zip(votes).for_each(|(target, vote)| *target += share * moved * vote);
        }
    }
}

/// Moves what label smoothing gives to classes that an utterance's corpora do not have to those that they have, in
/// equal parts.
fn keep_to_present_classes(rows: &mut [f32], offsets: &[f32], classes: usize) {
    for (row, offsets) in rows.chunks_exact_mut(classes).zip(offsets.chunks_exact(classes)) {
        let absent = |class: &usize| offsets[*class] <= ABSENT;
        let moved: f32 = (0..classes).filter(absent).map(|class| row[class]).sum();
        let present = (0..classes).filter(|class| !absent(class)).count().max(1) as f32;
        for (class, target) in row.iter_mut().enumerate() {
            *target = if absent(&class) { 0.0 } else { *target + moved / present };
        }
    }
}

/// A row for each label, `on` at its class and `off` at the others; for two classes mixed, the mean of their rows by
/// their shares.
fn targets(
    labels: &[usize],
    mixed: &[(usize, f32)],
    classes: usize,
    [on, off]: [f32; 2],
) -> Vec<f32> {
    let mut rows = vec![off; labels.len() * classes];
    for (row, label) in rows.chunks_exact_mut(classes).zip(labels) {
        row[*label] = on;
    }
    for ((row, label), (other, share)) in rows.chunks_exact_mut(classes).zip(labels).zip(mixed) {
        let moved = (on - off) * share;
        row[*label] -= moved;
        row[*other] += moved;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(mixed: Vec<(usize, f32)>, vote_shares: Vec<f32>) -> Batch {
        Batch {
            segments: Vec::new(),
            labels: vec![0, 2],
            mixed,
            teacher_probs: Vec::new(),
            logit_offsets: Vec::new(),
            vote_shares,
            auxiliary_targets: Vec::new(),
            dimensions: DimensionBatch::default(),
        }
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close && found.len() == expected.len(), "{found:?}, not {expected:?}");
    }

    /// The targets of a batch with a vote weight and without label smoothing.
    fn with_votes(batch: &Batch, weight: f32) -> Vec<f32> {
        let mut rows = targets(&batch.labels, &batch.mixed, 3, [1.0, 0.0]);
        move_to_votes(&mut rows, batch, 3, weight);
        rows
    }

    #[test]
    fn without_votes_the_targets_are_those_of_the_labels_bit_for_bit() {
        for mixed in [vec![], vec![(2, 0.25), (0, 0.0)]] {
            for votes in [vec![], vec![0.0; 6]] {
                let batch = batch(mixed.clone(), votes);
                let by_labels = targets(&batch.labels, &batch.mixed, 3, [1.0, 0.0]);
                assert_eq!(with_votes(&batch, 0.5), by_labels);
            }
        }
    }

    #[test]
    fn votes_share_the_target_and_are_mixed_as_labels_are() {
        let votes = vec![0.5, 0.5, 0.0, 0.0, 0.0, 0.0];
        let plain = batch(Vec::new(), votes.clone());
        assert_close(&with_votes(&plain, 1.0), &[0.5, 0.5, 0.0, 0.0, 0.0, 1.0]);
        assert_close(&with_votes(&plain, 0.5), &[0.75, 0.25, 0.0, 0.0, 0.0, 1.0]);
        let mixed = batch(vec![(2, 0.2), (0, 0.5)], votes);
        let expected = [0.4, 0.4, 0.2, 0.25, 0.25, 0.5];
        assert_close(&with_votes(&mixed, 1.0), &expected);
    }

    #[test]
    fn smoothing_stays_within_the_classes_of_the_corpus() {
        let mut rows = targets(&[0, 1], &[], 3, [0.9, 0.05]);
        keep_to_present_classes(&mut rows, &[0.0, 0.0, ABSENT, 0.0, 0.0, 0.0], 3);
        assert_close(&rows, &[0.925, 0.075, 0.0, 0.05, 0.9, 0.05]);
    }
}
