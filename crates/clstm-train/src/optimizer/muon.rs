//! Muon: momentum made orthogonal, for the matrices inside a network (Jordan et al. 2024,
//! <https://kellerjordan.github.io/posts/muon/>).
//!
//! A gradient's few large singular values carry what all utterances agree on; Adam's step is made of them, too,
//! and the many small ones learn late. A step of one length in all directions has learnt the training data after
//! two thirds of the epochs here (`docs/experiments.md`).

use clstm_kernels::newton_schulz::orthogonalize;
use clstm_nn::{NamedTensor, Precision};
use rayon::prelude::*;

/// Decay of the momentum; the step looks ahead along it (Nesterov). Jordan et al.'s value.
const MOMENTUM: f32 = 0.95;

/// Root mean square of a step's elements, as Adam's mostly is: learning rate and weight decay then mean the
/// same for either (Liu et al., *Muon is Scalable for LLM Training*, 2025, <https://arxiv.org/abs/2502.16982>, Eq. 4).
const STEP_RMS: f32 = 0.2;

/// A weight tensor as the matrices that it is made of, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Matrices {
    rows: usize,
    columns: usize,
}

impl Matrices {
    /// The matrices of a weight, a gate's each for itself, or none where it is no matrix inside the network:
    /// a vector, filters that hear the waveform, a peephole, the last layer, a class's centre.
    pub(super) fn of(weight: &NamedTensor) -> Option<Self> {
        let name = weight.name.rsplit('.').next().unwrap_or_default();
        match (name, &weight.shape[..]) {
            // [gates * filters, channels, taps]
            ("w_x" | "w_h", &[gates, channels, taps]) if channels > 1 => {
                Some(Self { rows: gates / 4, columns: channels * taps })
            }
            // [gates * hidden, features]
            ("w" | "u", &[gates, features]) => Some(Self { rows: gates / 3, columns: features }),
            // [taps, taps, channels, filters]
            ("weight", &[height, width, channels, filters]) => {
                Some(Self { rows: height * width * channels, columns: filters })
            }
            ("weight" | "feature_weight", &[rows, columns]) => Some(Self { rows, columns }),
            _ => None,
        }
    }

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
        .for_each(|step| orthogonalize(precision.into(), [rows, columns], step));
    // An orthogonal matrix has elements of 1 / sqrt(longer side) in the mean square.
    let length = rate as f32 * STEP_RMS * (rows.max(columns) as f32).sqrt();
    let keep = (1.0 - rate * weight_decay) as f32;
    for (w, step) in weight.iter_mut().zip(step) {
        *w = *w * keep - length * *step;
    }
}
