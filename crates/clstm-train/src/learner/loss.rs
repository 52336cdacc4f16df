//! The losses of a batch and their gradients.

use clstm_nn::burn::tensor::Tensor;
use clstm_nn::{Mode, Output, gradients, softmax_loss};

use super::batch::Inputs;
use super::{Learner, Modules};
use crate::DistillationConfig;
use crate::seed_purpose::SeedPurpose;

/// What a forward pass measured of its batch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Losses {
    /// Softmax loss, summed over the batch; the mean of the branches.
    pub(super) softmax: f64,
    /// Centre loss, summed over the batch, before lambda; likewise.
    pub(super) center: f64,
    /// The loss that is differentiated, auxiliary tasks included, summed over the batch.
    pub(super) total: f64,
    /// The class with the largest logit, for each utterance.
    pub(super) predicted: Vec<usize>,
}

impl Losses {
    /// Whether every loss is a number.
    pub(super) fn is_finite(&self) -> bool {
        [self.softmax, self.center, self.total].iter().all(|loss| loss.is_finite())
    }
}

impl Learner {
    /// The losses of a batch and the gradients of their mean over the utterances, in the order of the weights. With
    /// `update_stats` the batch's statistics move the running ones.
    pub(super) fn pass(
        &self,
        modules: &Modules,
        inputs: &Inputs,
        update_stats: bool,
    ) -> (Losses, Vec<Option<Vec<f32>>>) {
        let recipe = &self.recipe;
        let seed = SeedPurpose::Dropout.derive(recipe.seed, self.optimizer.step_index + 1);
        let mode = Mode::Training { seed, update_stats };
        let branches = modules.network.forward_branches(inputs.segments.clone(), mode);
        let softmax = branches.iter().map(|Output { logits, .. }| {
            // [B, classes]
            let adjusted = match (&inputs.logit_offsets, &self.adjustment) {
                (Some(offsets), _) => logits.clone() + offsets.clone(),
                (None, Some(adjustment)) => logits.clone() + adjustment.clone(),
                (None, None) => logits.clone(),
            };
            let softmax = softmax_loss(adjusted, inputs.soft_targets.clone()); // [1]
            match &inputs.teacher_probs {
                None => softmax,
                Some(probs) => self.distill(softmax, logits.clone(), probs.clone()),
            }
        });
        let softmax = mean_over_branches(softmax, branches.len());
        let (count, output) = (branches.len(), Output::combine(branches));
        let center = modules.centers.forward(output.features.clone(), inputs.one_hot.clone()); // [1]
        let center = mean_over_branches([center], count);
        let mut loss = softmax.clone() + center.clone().mul_scalar(recipe.center_loss);
        let tasks = modules.auxiliary_heads.iter().zip(&recipe.auxiliary_tasks);
        for ((head, task), targets) in tasks.zip(&inputs.auxiliary_targets) {
            let logits = head.forward(output.features.clone()); // [B, classes of the task]
            loss = loss + softmax_loss(logits, targets.clone()).mul_scalar(task.weight);
        }
        let total = loss.clone();
        let mut grads = loss.div_scalar(inputs.count() as f64).backward();
        let grads = gradients(modules, &mut grads);
        (read([softmax, center, total], output.logits), grads)
    }

    /// The softmax loss against labels, weighted with the one against a teacher's probabilities `[batch, classes]`.
    fn distill(
        &self,
        softmax: Tensor<1>,
        logits: Tensor<2>,
        teacher_probs: Tensor<2>,
    ) -> Tensor<1> {
        let DistillationConfig { alpha, temperature } = self.recipe.distillation;
        let against = softmax_loss(logits.div_scalar(temperature), teacher_probs);
        softmax.mul_scalar(1.0 - alpha) + against.mul_scalar(alpha * temperature * temperature)
    }
}

/// The sum of losses `[1]` divided by the number of branches.
fn mean_over_branches(losses: impl IntoIterator<Item = Tensor<1>>, branches: usize) -> Tensor<1> {
    let sum = losses.into_iter().reduce(|sum, loss| sum + loss).expect("a network has a branch");
    if branches == 1 { sum } else { sum.div_scalar(branches as f64) }
}

/// Losses and predictions, read from the device at once.
fn read([softmax, center, total]: [Tensor<1>; 3], logits: Tensor<2>) -> Losses {
    let [count, classes] = logits.dims();
    let all = Tensor::cat(vec![softmax, center, total, logits.reshape([count * classes])], 0);
    let all: Vec<f32> = all.into_data().iter::<f32>().collect();
    let best = |row: &[f32]| {
        let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(class, _)| class)
    };
    Losses {
        softmax: f64::from(all[0]),
        center: f64::from(all[1]),
        total: f64::from(all[2]),
        predicted: all[3..].chunks_exact(classes).map(best).collect(),
    }
}
