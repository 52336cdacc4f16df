//! Batch normalisation of the input-to-state pre-activations, per gate channel.

use rayon::prelude::*;

use super::group::Group;
use crate::activation::vectorised;

/// What happens to the input-to-state pre-activations before the gates.
#[derive(Clone, Copy, Debug)]
pub enum InputNorm<'a> {
    /// Nothing: Eq. 2-5 as they stand.
    None,
    /// Normalised by the statistics of this batch over utterances, steps and positions, then scaled.
    Batch {
        /// Scale `[4H]`.
        gamma: &'a [f32],
        /// Added to the variance.
        epsilon: f32,
    },
    /// Normalised by given statistics: a plain scaling, folded into the weights.
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

/// Statistics of a batch per channel, `[4H]` each.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Mean.
    pub mean: Vec<f32>,
    /// Biased variance.
    pub variance: Vec<f32>,
}

/// A norm with the statistics of its batch.
#[derive(Debug)]
pub(super) struct BatchNorm {
    pub(super) gamma: Vec<f32>,
    pub(super) mean: Vec<f32>,
    pub(super) inverse_std: Vec<f32>,
    /// Values that each channel's statistics were taken over.
    pub(super) count: usize,
}

/// Rows summed in `f32` before the sums move to `f64`: few enough not to lose digits.
const BLOCK: usize = 256;

impl BatchNorm {
    /// Statistics over the groups' raw pre-activations, merged in the order of the groups.
    pub(super) fn of(groups: &[Group], gamma: &[f32], epsilon: f32) -> (Self, Statistics) {
        let n = gamma.len();
        let moments: Vec<_> = groups.par_iter().map(|g| moments(raw(g), n)).collect();
        let count: usize = moments.iter().map(|m| m.count).sum();
        let mean = |k: usize| {
            let sum: f64 = moments.iter().map(|m| m.mean[k] * m.count as f64).sum();
            sum / count as f64
        };
        let mean: Vec<f64> = (0..n).map(mean).collect();
        let variance = |k: usize| {
            let spread = |m: &Moments| m.square[k] + (m.mean[k] - mean[k]).powi(2) * m.count as f64;
            moments.iter().map(spread).sum::<f64>() / count as f64
        };
        let variance: Vec<f64> = (0..n).map(variance).collect();
        let inverse = |v: &f64| (1.0 / (v + f64::from(epsilon)).sqrt()) as f32;
        let statistics = Statistics {
            mean: mean.iter().map(|m| *m as f32).collect(),
            variance: variance.iter().map(|v| *v as f32).collect(),
        };
        let norm = Self {
            gamma: gamma.to_vec(),
            mean: statistics.mean.clone(),
            inverse_std: variance.iter().map(inverse).collect(),
            count,
        };
        (norm, statistics)
    }

    /// What one unit of the raw pre-activation becomes.
    fn scale(&self) -> Vec<f32> {
        self.gamma.iter().zip(&self.inverse_std).map(|(gamma, s)| gamma * s).collect()
    }

    /// `to = (pre - mean) / std * gamma + bias`, rows of `[4H]`.
    pub(super) fn apply(&self, bias: &[f32], pre: &[f32], to: &mut [f32]) {
        let n = bias.len();
        let scale = self.scale();
        // Slices of one length n: the compiler then drops the bounds checks in the loops.
        let (mean, scale) = (&self.mean[..n], &scale[..n]);
        vectorised(
            #[inline(always)]
            || {
                for (pre, to) in pre.chunks_exact(n).zip(to.chunks_exact_mut(n)) {
                    for k in 0..n {
                        to[k] = (pre[k] - mean[k]) * scale[k] + bias[k];
                    }
                }
            },
        );
    }

    /// Adds `sum of d * normalised pre-activation`, the gradient of gamma `[4H]`.
    pub(super) fn add_gamma_grad(&self, pre: &[f32], d: &[f32], grad: &mut [f32]) {
        let n = grad.len();
        let mut sums = vec![0.0_f32; n];
        let (totals, mean) = (&mut sums[..n], &self.mean[..n]);
        vectorised(
            #[inline(always)]
            || {
                for (pre, d) in pre.chunks_exact(n).zip(d.chunks_exact(n)) {
                    for k in 0..n {
                        totals[k] += d[k] * (pre[k] - mean[k]);
                    }
                }
            },
        );
        let scaled = sums.iter().zip(&self.inverse_std).map(|(sum, s)| sum * s);
        grad.iter_mut().zip(scaled).for_each(|(g, s)| *g += s);
    }

    /// Turns gradients of the normalised into those of the raw pre-activations, in place.
    pub(super) fn backward(&self, d_bias: &[f32], d_gamma: &[f32], pre: &[f32], d: &mut [f32]) {
        let n = d_bias.len();
        let scale = self.scale();
        let count = self.count as f32;
        let shift: Vec<f32> = d_bias.iter().map(|d| d / count).collect();
        let slope: Vec<f32> =
            d_gamma.iter().zip(&self.inverse_std).map(|(d, s)| d * s / count).collect();
        let (scale, mean) = (&scale[..n], &self.mean[..n]);
        let (shift, slope) = (&shift[..n], &slope[..n]);
        vectorised(
            #[inline(always)]
            || {
                for (pre, d) in pre.chunks_exact(n).zip(d.chunks_exact_mut(n)) {
                    for k in 0..n {
                        d[k] = scale[k] * (d[k] - shift[k] - (pre[k] - mean[k]) * slope[k]);
                    }
                }
            },
        );
    }
}

/// The raw pre-activations, which every group keeps where there is a norm.
pub(super) fn raw(group: &Group) -> &[f32] {
    group.pre.as_deref().unwrap_or_default()
}

/// Count, mean and sum of squared deviations per channel.
struct Moments {
    count: usize,
    mean: Vec<f64>,
    square: Vec<f64>,
}

/// Sums are taken relative to the first row, so that a large mean does not eat the variance.
fn moments(rows: &[f32], n: usize) -> Moments {
    let first = &rows[..n];
    let (mut sum, mut square) = (vec![0.0_f64; n], vec![0.0_f64; n]);
    let (mut block_sum, mut block_square) = (vec![0.0_f32; n], vec![0.0_f32; n]);
    for block in rows.chunks(BLOCK * n) {
        let (block_sum, block_square) = (&mut block_sum[..n], &mut block_square[..n]);
        block_sum.fill(0.0);
        block_square.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                for row in block.chunks_exact(n) {
                    for k in 0..n {
                        let v = row[k] - first[k];
                        block_sum[k] += v;
                        block_square[k] += v * v;
                    }
                }
            },
        );
        for k in 0..n {
            sum[k] += f64::from(block_sum[k]);
            square[k] += f64::from(block_square[k]);
        }
    }
    let count = rows.len() / n;
    let square = (0..n).map(|k| square[k] - sum[k] * sum[k] / count as f64).collect();
    let mean = (0..n).map(|k| f64::from(first[k]) + sum[k] / count as f64).collect();
    Moments { count, mean, square }
}
