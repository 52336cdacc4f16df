//! Sharpness-aware minimisation (SAM; Foret et al., ICLR 2021, <https://arxiv.org/abs/2010.01412>): gradients from the
//! point within a radius of the weights where the loss is about largest.

use std::ops::Range;

use clstm_nn::{ParameterRole, update_weights};

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
        let squares = branch_products(grads, grads, &self.roles, self.branches());
        if !squares.iter().all(|square| square.is_finite()) {
            return Err(NonFinite::Gradient);
        }
        let rho = self.recipe.optimizer.sam_rho;
        Ok(squares.iter().map(|square| (rho / square.sqrt().max(LEAST_NORM)) as f32).collect())
    }
}

/// What a second pass of SAM adds to the gradient, at right angles to it, for the steps without a second pass (LookSAM; Liu
/// et al., CVPR 2022, <https://arxiv.org/abs/2203.02714>, Algorithm 1). It changes more slowly than the gradient itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SamDirection {
    /// For each weight; each branch's part has a norm of 1, or is 0.
    pub(super) values: Gradients,
}

impl SamDirection {
    /// The part of `ascent`, the gradients of the second pass, at right angles to the gradients `grads` of the first.
    pub(super) fn new(
        grads: &Gradients,
        ascent: &Gradients,
        roles: &[ParameterRole],
        branches: usize,
    ) -> Self {
        let squares = branch_products(grads, grads, roles, branches);
        let products = branch_products(grads, ascent, roles, branches);
        let along = products
            .iter()
            .zip(&squares)
            .map(|(product, square)| if *square > 0.0 { product / square } else { 0.0 });
        let along: Vec<f64> = along.collect();
        let mut values = ascent.clone();
        for_each_run(&mut values, roles, |weight, branch, run, values| {
            let Some(grad) = &grads[weight] else { return };
            let pairs = values.iter_mut().zip(&grad[run]);
            pairs.for_each(|(v, g)| *v = (f64::from(*v) - along[branch] * f64::from(*g)) as f32);
        });
        let norms = branch_products(&values, &values, roles, branches);
        let scales: Vec<f64> =
            norms.iter().map(|square| square.sqrt().max(LEAST_NORM).recip()).collect();
        for_each_run(&mut values, roles, |_, branch, _, values| {
            values.iter_mut().for_each(|v| *v = (f64::from(*v) * scales[branch]) as f32);
        });
        Self { values }
    }

    /// `g + reuse |g| v`, where `g` is each branch's part of the gradients and `v` that of the direction.
    pub(super) fn add_to(
        &self,
        mut grads: Gradients,
        reuse: f64,
        roles: &[ParameterRole],
        branches: usize,
    ) -> Gradients {
        let squares = branch_products(&grads, &grads, roles, branches);
        let scales: Vec<f32> =
            squares.iter().map(|square| (reuse * square.sqrt()) as f32).collect();
        for_each_run(&mut grads, roles, |weight, branch, run, grad| {
            let Some(direction) = &self.values[weight] else { return };
            grad.iter_mut().zip(&direction[run]).for_each(|(g, v)| *g += scales[branch] * v);
        });
        grads
    }
}

/// Calls `each` with the index of a weight, a branch, and the elements of the weight that belong to the branch.
fn for_each_run(
    grads: &mut Gradients,
    roles: &[ParameterRole],
    mut each: impl FnMut(usize, usize, Range<usize>, &mut [f32]),
) {
    for (weight, (grad, role)) in grads.iter_mut().zip(roles).enumerate() {
        let Some(grad) = grad else { continue };
        for (branch, run) in role.branch.runs(grad.len()) {
            each(weight, branch, run.clone(), &mut grad[run]);
        }
    }
}

/// The inner product of two gradients over the weights of each branch.
fn branch_products(
    a: &Gradients,
    b: &Gradients,
    roles: &[ParameterRole],
    branches: usize,
) -> Vec<f64> {
    let mut products = vec![0.0; branches];
    for ((a, b), role) in a.iter().zip(b).zip(roles) {
        let (Some(a), Some(b)) = (a, b) else { continue };
        for (branch, run) in role.branch.runs(a.len()) {
            let pairs = a[run.clone()].iter().zip(&b[run]);
            pairs.for_each(|(a, b)| products[branch] += f64::from(*a) * f64::from(*b));
        }
    }
    products
}
