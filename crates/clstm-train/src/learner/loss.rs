//! The losses of a batch and their gradients.

use clstm_nn::burn::tensor::Tensor;
use clstm_nn::{Mode, Output, ccc_loss, gradients, softmax_loss};

use super::batch::{DimensionInputs, Inputs};
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
    /// CCC loss times the number of utterances, before its weight; 0 without dimensions.
    pub(super) dimensions: f64,
    /// The loss that is differentiated, auxiliary tasks and dimensions included, summed over the batch.
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
        let networks = std::iter::once(&modules.network).chain(&modules.network.branches);
        let label_weight = recipe.dimensions.as_ref().map_or(1.0, |it| it.label_weight);
        let softmax =
            branches.iter().zip(networks).map(|(Output { logits, features }, network)| {
                // [B, classes]
                let logits = &match label_weight > 0.0 {
                    true => logits.clone(),
                    // Classes that fit the feature, instead of the reverse.
                    false => network.head.classify(features.clone().detach()),
                };
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
        let mut loss = match label_weight > 0.0 {
            true => (softmax.clone() + center.clone().mul_scalar(recipe.center_loss))
                .mul_scalar(label_weight),
            false => softmax.clone(),
        };
        let tasks = modules.auxiliary_heads.iter().zip(&recipe.auxiliary_tasks);
        for ((head, task), targets) in tasks.zip(&inputs.auxiliary_targets) {
            let logits = head.forward(output.features.clone()); // [B, classes of the task]
            loss = loss + softmax_loss(logits, targets.clone()).mul_scalar(task.weight);
        }
        let dimensions = self.dimension_loss(modules, inputs, &output);
        if let (Some(dimensions), Some(config)) = (&dimensions, &recipe.dimensions) {
            loss = loss + dimensions.clone().mul_scalar(config.weight);
        }
        let total = loss.clone();
        let mut grads = loss.div_scalar(inputs.count() as f64).backward();
        let grads = gradients(modules, &mut grads);
        let dimensions = dimensions.unwrap_or_else(|| softmax.zeros_like());
        (read([softmax, center, dimensions, total], output.logits), grads)
    }

    /// The CCC loss of the dimensions times the number of utterances, as the other losses are sums over them; none without
    /// known values.
    fn dimension_loss(
        &self,
        modules: &Modules,
        inputs: &Inputs,
        output: &Output,
    ) -> Option<Tensor<1>> {
        let (head, targets) =
            modules.network.dimension_head.as_ref().zip(inputs.dimensions.as_ref())?;
        let DimensionInputs { values, known, counts } = targets;
        let predicted = head.forward(output.features.clone()); // [B, dimensions]
        let loss = ccc_loss(predicted, values.clone(), known.clone(), counts)?;
        Some(loss.mul_scalar(inputs.count() as f64))
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
fn read(losses: [Tensor<1>; 4], logits: Tensor<2>) -> Losses {
    let [count, classes] = logits.dims();
    let [softmax, center, dimensions, total] = losses;
    let all =
        Tensor::cat(vec![softmax, center, dimensions, total, logits.reshape([count * classes])], 0);
    let all: Vec<f32> = all.into_data().iter::<f32>().collect();
    let best = |row: &[f32]| {
        let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(class, _)| class)
    };
    Losses {
        softmax: f64::from(all[0]),
        center: f64::from(all[1]),
        dimensions: f64::from(all[2]),
        total: f64::from(all[3]),
        predicted: all[4..].chunks_exact(classes).map(best).collect(),
    }
}
