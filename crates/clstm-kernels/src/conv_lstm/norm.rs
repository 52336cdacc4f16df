//! Batch normalisation of the input-to-state pre-activations, per gate channel.

use crate::activation::vectorized;
use crate::gemm::GemmScalar;

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
    pub(super) mean: Vec<f32>,
    /// What one unit of the raw pre-activation becomes: `gamma / std`.
    pub(super) scale: Vec<f32>,
    inverse_std: Vec<f32>,
    /// Values that each channel's statistics were taken over.
    count: usize,
}

impl BatchNorm {
    /// Statistics from the groups' moments, merged in the order of the groups.
    pub(super) fn of(moments: &[Moments], gamma: &[f32], epsilon: f32) -> (Self, Statistics) {
        let (count, mean, variance) = mean_and_variance(moments);
        let inverse = |v: &f64| (1.0 / (v + f64::from(epsilon)).sqrt()) as f32;
        let statistics = Statistics {
            mean: mean.iter().map(|m| *m as f32).collect(),
            variance: variance.iter().map(|v| *v as f32).collect(),
        };
        let inverse_std: Vec<f32> = variance.iter().map(inverse).collect();
        let norm = Self {
            mean: statistics.mean.clone(),
            scale: gamma.iter().zip(&inverse_std).map(|(gamma, s)| gamma * s).collect(),
            inverse_std,
            count: count as usize,
        };
        (norm, statistics)
    }

    /// The gradient of gamma from the sums of `d * (raw - mean)`.
    pub(super) fn gamma_gradient(&self, sums: &[f32]) -> Vec<f32> {
        sums.iter().zip(&self.inverse_std).map(|(sum, s)| sum * s).collect()
    }

    /// How gradients go back through the norm, whose shift and scale have the gradients `d_bias` and
    /// `d_gamma`.
    pub(super) fn slope(&self, d_bias: &[f32], d_gamma: &[f32]) -> Slope<'_> {
        let count = self.count as f32;
        let slope = d_gamma.iter().zip(&self.inverse_std).map(|(d, s)| d * s / count);
        Slope {
            norm: self,
            shift: d_bias.iter().map(|d| d / count).collect(),
            slope: slope.collect(),
        }
    }
}

/// The backward pass of a norm, per channel.
#[derive(Debug)]
pub(super) struct Slope<'a> {
    norm: &'a BatchNorm,
    shift: Vec<f32>,
    slope: Vec<f32>,
}

impl Slope<'_> {
    /// From gradients of the normalised to those of the raw pre-activations, rows of `[4H]`.
    pub(super) fn apply<E: GemmScalar, F: GemmScalar>(&self, raw: &[E], d: &[E], to: &mut [F]) {
        // Slices of one length n: the compiler then drops the bounds checks in the loops.
        let n = self.shift.len();
        let (scale, mean) = (&self.norm.scale[..n], &self.norm.mean[..n]);
        let (shift, slope) = (&self.shift[..n], &self.slope[..n]);
        vectorized(
            #[inline(always)]
            || {
                let rows = raw.chunks_exact(n).zip(d.chunks_exact(n));
                for ((raw, d), to) in rows.zip(to.chunks_exact_mut(n)) {
                    for k in 0..n {
                        let centred = raw[k].to_f32() - mean[k];
                        let d = scale[k] * (d[k].to_f32() - shift[k] - centred * slope[k]);
                        to[k] = F::from_f32(d);
                    }
                }
            },
        );
    }
}

/// Count, mean and biased variance of each channel over all groups, merged in their order.
pub(crate) fn mean_and_variance(groups: &[Moments]) -> (f64, Vec<f64>, Vec<f64>) {
    let groups: Vec<_> = groups.iter().map(Moments::mean_and_m2).collect();
    let channels = groups.first().map_or(0, |(_, mean, _)| mean.len());
    let count: f64 = groups.iter().map(|(count, ..)| count).sum();
    let mean = |k: usize| groups.iter().map(|(n, mean, _)| mean[k] * n).sum::<f64>() / count;
    let mean: Vec<f64> = (0..channels).map(mean).collect();
    let variance = |k: usize| {
        let spread =
            |(n, m, spread): &(f64, Vec<f64>, Vec<f64>)| spread[k] + (m[k] - mean[k]).powi(2) * n;
        groups.iter().map(spread).sum::<f64>() / count
    };
    let variance = (0..channels).map(variance).collect();
    (count, mean, variance)
}

/// Rows summed in `f32` before the sums move to `f64`: few enough not to lose digits.
const BLOCK: usize = 256;

/// Sums per channel of values relative to `first`, so that a large mean does not eat the variance.
#[derive(Debug)]
pub(crate) struct Moments {
    count: usize,
    /// The first row seen, `[n]`.
    first: Vec<f32>,
    sum: Vec<f64>,
    square: Vec<f64>,
    block_sum: Vec<f32>,
    block_square: Vec<f32>,
}

impl Moments {
    /// Of `n` channels, none seen yet.
    pub(crate) fn new(n: usize) -> Self {
        Self {
            count: 0,
            first: Vec::new(),
            sum: vec![0.0; n],
            square: vec![0.0; n],
            block_sum: vec![0.0; n],
            block_square: vec![0.0; n],
        }
    }

    /// Adds rows of `[n]`.
    pub(crate) fn add<E: GemmScalar>(&mut self, rows: &[E]) {
        let n = self.sum.len();
        if self.first.is_empty() {
            self.first = rows[..n].iter().map(|x| x.to_f32()).collect();
        }
        self.count += rows.len() / n;
        for block in rows.chunks(BLOCK * n) {
            let first = &self.first[..n];
            let (sum, square) = (&mut self.block_sum[..n], &mut self.block_square[..n]);
            sum.fill(0.0);
            square.fill(0.0);
            vectorized(
                #[inline(always)]
                || {
                    for row in block.chunks_exact(n) {
                        for k in 0..n {
                            let v = row[k].to_f32() - first[k];
                            sum[k] += v;
                            square[k] += v * v;
                        }
                    }
                },
            );
            self.sum.iter_mut().zip(&self.block_sum).for_each(|(to, x)| *to += f64::from(*x));
            let squares = self.square.iter_mut().zip(&self.block_square);
            squares.for_each(|(to, x)| *to += f64::from(*x));
        }
    }

    /// Count, mean and sum of squared deviations.
    fn mean_and_m2(&self) -> (f64, Vec<f64>, Vec<f64>) {
        let count = self.count as f64;
        let sums = || self.sum.iter().zip(&self.first);
        let mean = sums().map(|(sum, first)| f64::from(*first) + sum / count).collect();
        let spread = self.sum.iter().zip(&self.square).map(|(s, q)| q - s * s / count).collect();
        (count, mean, spread)
    }
}
