//! The input of a training step.

use clstm_nn::burn::tensor::{Device, Tensor, TensorData};

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
    /// Targets of each of the recipe's auxiliary tasks, `[batch, classes of the task]`.
    pub auxiliary_targets: Vec<Vec<f32>>,
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
        keep_to_present_classes(&mut soft_targets, &batch.logit_offsets, classes);
        Self {
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
