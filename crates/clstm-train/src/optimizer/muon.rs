//! Muon: momentum made orthogonal, for the matrices inside a network (Jordan et al. 2024,
//! <https://kellerjordan.github.io/posts/muon/>).
//!
//! A gradient has a few large singular values, which are common to all utterances, and many small ones. Adam's step follows
//! the large ones. A step of the same length in all directions fits the training data in two thirds of the epochs here
//! (`docs/experiments.md`).

use clstm_kernels::newton_schulz::orthogonalize;
use clstm_nn::Precision;
use rayon::prelude::*;

/// Decay of the momentum; the step is extrapolated along it (Nesterov). Jordan et al.'s value.
const MOMENTUM: f32 = 0.95;

/// Root mean square of a step's elements, as Adam's mostly is: learning rate and weight decay then mean the
/// same for either (Liu et al., *Muon is Scalable for LLM Training*, 2025, <https://arxiv.org/abs/2502.16982>, Eq. 4).
const STEP_RMS: f32 = 0.2;

/// Sizes of the matrices that a weight is made of, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matrices {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Matrices {
    fn len(self) -> usize {
        self.rows * self.columns
    }
}

/// Moves `weight` by its `gradient`; `step` is scratch memory of the weight's size.
pub(super) fn update(
    matrices: Matrices,
    precision: Precision,
    (rate, weight_decay): (f64, f64),
    momentum: &mut [f32],
    step: &mut [f32],
    (weight, gradient): (&mut [f32], &[f32]),
) {
    for ((m, g), step) in momentum.iter_mut().zip(gradient).zip(&mut *step) {
        *m = MOMENTUM * *m + (1.0 - MOMENTUM) * g;
        *step = MOMENTUM * *m + (1.0 - MOMENTUM) * g;
    }
    let Matrices { rows, columns } = matrices;
    step.par_chunks_exact_mut(matrices.len())
        .for_each(|step| orthogonalize(precision, [rows, columns], step));
    // An orthogonal matrix has elements of 1 / sqrt(longer side) in the mean square.
    let length = rate as f32 * STEP_RMS * (rows.max(columns) as f32).sqrt();
    let keep = (1.0 - rate * weight_decay) as f32;
    for (w, step) in weight.iter_mut().zip(step) {
        *w = *w * keep - length * *step;
    }
}
