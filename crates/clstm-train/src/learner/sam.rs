//! Sharpness-aware minimisation (SAM; Foret et al., ICLR 2021, <https://arxiv.org/abs/2010.01412>): gradients from the
//! point within a radius of the weights where the loss is about largest.

use clstm_nn::update_weights;

use super::batch::Inputs;
use super::{Learner, Modules, NonFinite};

/// The gradient of each weight; none where the loss does not depend on it.
pub(super) type Gradients = Vec<Option<Vec<f32>>>;

/// Added to a norm that may be 0.
const LEAST_NORM: f64 = 1e-12;

impl Learner {
    /// The gradients at the perturbed weights `w + rho g / |g|`, where `g` are `grads`, the gradients at the weights `w`,
    /// and `rho` is the recipe's [`sam_rho`](crate::OptimizerConfig::sam_rho). The modules that it returns have the weights `w`.
    ///
    /// Each branch of the network is perturbed by its own gradient's norm. The second pass uses the batch norm statistics of
    /// the batch and the dropout of the first, and leaves running statistics alone.
    pub(super) fn sam_gradients(
        &self,
        modules: Modules,
        grads: &Gradients,
        inputs: &Inputs,
    ) -> (Modules, Result<Gradients, NonFinite>) {
        let scales: Vec<f32> = match self.ascent_scales(grads) {
            Ok(scales) => scales,
            Err(cause) => return (modules, Err(cause)),
        };
        let mut original = Vec::with_capacity(grads.len());
        let perturbed = update_weights(modules, &mut |i, values| {
            original.push(values.to_vec());
            let Some(grad) = &grads[i] else { return };
            for (branch, run) in self.roles[i].branch.runs(values.len()) {
                let scale = scales[branch];
                let weights = values[run.clone()].iter_mut().zip(&grad[run]);
                weights.for_each(|(w, g)| *w += scale * g);
            }
        });
        let (losses, grads) = self.pass(&perturbed, inputs, false);
        let modules =
            update_weights(perturbed, &mut |i, values| values.copy_from_slice(&original[i]));
        match losses.is_finite() {
            true => (modules, Ok(grads)),
            false => (modules, Err(NonFinite::SamLoss)),
        }
    }

    /// `rho / |g|` for each branch.
    fn ascent_scales(&self, grads: &Gradients) -> Result<Vec<f32>, NonFinite> {
        let mut squares = vec![0.0; 1 + self.recipe.network.branches.len()];
        for (grad, role) in grads.iter().zip(&self.roles) {
            let Some(grad) = grad else { continue };
            for (branch, run) in role.branch.runs(grad.len()) {
                grad[run].iter().for_each(|g| squares[branch] += f64::from(*g).powi(2));
            }
        }
        if !squares.iter().all(|square| square.is_finite()) {
            return Err(NonFinite::Gradient);
        }
        let rho = self.recipe.optimizer.sam_rho;
        Ok(squares.iter().map(|square| (rho / square.sqrt().max(LEAST_NORM)) as f32).collect())
    }
}
