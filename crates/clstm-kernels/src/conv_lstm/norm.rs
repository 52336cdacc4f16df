//! Batch normalisation of the input-to-state pre-activations, per gate channel.

use crate::batch_norm::{
    Affine, MomentAccumulator, Statistics, merge_groups, reciprocal_deviation,
};
use crate::gemm::GemmScalar;
use crate::simd::vectorized;

/// What happens to the input-to-state pre-activations before the gates.
#[derive(Clone, Copy, Debug)]
pub enum InputNorm<'a> {
    /// Nothing, as in Eq. 2-5.
    None,
    /// Normalised by the statistics of this batch over utterances, steps and positions, then scaled.
    Batch {
        /// Scale `[4H]`.
        gamma: &'a [f32],
        /// Added to the variance.
        epsilon: f32,
    },
    /// Normalised by given statistics: a scaling, folded into the weights.
    Fixed {
        /// Scale `[4H]`.
        gamma: &'a [f32],
        /// Mean `[4H]`.
        mean: &'a [f32],
        /// Variance `[4H]`.
        variance: &'a [f32],
        /// Added to the variance.
        epsilon: f32,
    },
}

/// A norm with the statistics of its batch.
#[derive(Debug)]
pub(super) struct BatchNorm {
    /// From raw pre-activations to what enters the gates, `[4H]`.
    pub(super) affine: Affine,
    /// `1 / sqrt(variance + epsilon)`
    rstd: Vec<f32>,
    /// Values that each channel's statistics were taken over.
    count: usize,
}

impl BatchNorm {
    /// The norm with scale `gamma` and shift `bias` by the statistics of all groups, and those.
    pub(super) fn of(
        groups: &[MomentAccumulator],
        gamma: &[f32],
        bias: &[f32],
        epsilon: f32,
    ) -> (Self, Statistics) {
        let moments = merge_groups(groups);
        let count = moments.count() as usize;
        let (mean, variance) = moments.mean_and_variance();
        let statistics = Statistics::rounded(&mean, &variance);
        let rstd = reciprocal_deviation(variance.iter().copied(), epsilon);
        let affine = Affine::new(&statistics.mean, &rstd, gamma, bias);
        (Self { affine, rstd, count }, statistics)
    }

    /// The gradient of gamma from the sums of `d * (raw - mean)`.
    pub(super) fn gamma_gradient(&self, sums: &[f32]) -> Vec<f32> {
        sums.iter().zip(&self.rstd).map(|(sum, s)| sum * s).collect()
    }

    /// The backward pass of the norm, whose shift and scale have the gradients `d_bias` and `d_gamma`.
    pub(super) fn gradient(&self, d_bias: &[f32], d_gamma: &[f32]) -> InputNormGradient<'_> {
        let count = self.count as f32;
        let x_coeff = d_gamma.iter().zip(&self.rstd).map(|(d, s)| d * s / count);
        InputNormGradient {
            norm: self,
            d_mean: d_bias.iter().map(|d| d / count).collect(),
            x_coeff: x_coeff.collect(),
        }
    }
}

/// The backward pass of an input norm, `[4H]` each:
/// `d_raw = scale * (d - d_mean - (raw - mean) * x_coeff)`.
///
/// The same gradient as [`BnGradCoeffs`](crate::batch_norm::BnGradCoeffs) in another order of
/// operations: here every value has a gradient, from which the means are subtracted before scaling.
#[derive(Debug)]
pub(super) struct InputNormGradient<'a> {
    norm: &'a BatchNorm,
    d_mean: Vec<f32>,
    x_coeff: Vec<f32>,
}

impl InputNormGradient<'_> {
    /// From gradients of the normalised to those of the raw pre-activations, rows of `[4H]`.
    pub(super) fn apply<E: GemmScalar, F: GemmScalar>(&self, raw: &[E], d: &[E], to: &mut [F]) {
        // Slices of one length n: the compiler then drops the bounds checks in the loops.
        let n = self.d_mean.len();
        let (scale, mean) = (&self.norm.affine.scale[..n], &self.norm.affine.mean[..n]);
        let (d_mean, x_coeff) = (&self.d_mean[..n], &self.x_coeff[..n]);
        vectorized(
            #[inline(always)]
            || {
                let rows = raw.chunks_exact(n).zip(d.chunks_exact(n));
                for ((raw, d), to) in rows.zip(to.chunks_exact_mut(n)) {
                    for k in 0..n {
                        let centred = raw[k].to_f32() - mean[k];
                        let d = scale[k] * (d[k].to_f32() - d_mean[k] - centred * x_coeff[k]);
                        to[k] = F::from_f32(d);
                    }
                }
            },
        );
    }
}
