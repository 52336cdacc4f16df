//! The backward pass of a batch norm whose output is pooled.

use rayon::prelude::*;

use super::moments::block_and_task;
use crate::simd::lanes::{Lanes, load, over_channels};
use crate::simd::vectorized;

/// Coefficients of the gradient of a batch norm's input `x`, `[channels]` each:
/// `dx = scale * dy + x_coeff * (x - mean) + constant`.
///
/// `dy` is the gradient that reaches a value through the pooling: zero except for the maximum of
/// each window.
#[derive(Debug)]
pub(crate) struct BnGradCoeffs<'a> {
    pub(crate) mean: &'a [f32],
    pub(crate) scale: Vec<f32>,
    pub(crate) x_coeff: Vec<f32>,
    pub(crate) constant: Vec<f32>,
}

impl<'a> BnGradCoeffs<'a> {
    /// From the statistics, the scale `gamma`, the [`gradient_sums`], and the number of values of
    /// each channel.
    ///
    /// With `g = gamma rstd`: `scale = g`, `x_coeff = -g Σ dy (x - mean) rstd² / count`,
    /// `constant = -g Σ dy / count` (Ioffe & Szegedy 2015, section 3).
    pub(crate) fn new(
        mean: &'a [f32],
        rstd: &[f32],
        gamma: &[f32],
        sums: &[[f64; 2]],
        count: f64,
    ) -> Self {
        let channels = || {
            let pairs = gamma.iter().zip(rstd).map(|(&g, &r)| (f64::from(g), f64::from(r)));
            pairs.zip(sums).map(|((g, r), sums)| (g * r, r, sums))
        };
        Self {
            mean,
            scale: gamma.iter().zip(rstd).map(|(g, r)| g * r).collect(),
            x_coeff: channels().map(|(g, r, [_, s])| (-g * s * r * r / count) as f32).collect(),
            constant: channels().map(|(g, _, [s, _])| (-g * s / count) as f32).collect(),
        }
    }
}

/// For each channel `[Σ dy, Σ dy (x - mean)]` over the maxima `x` of all windows. Blocks are summed in
/// `f32`, their sums in `f64`.
pub(crate) fn gradient_sums(
    channels: usize,
    dy: &[f32],
    max_values: &[f32],
    mean: &[f32],
) -> Vec<[f64; 2]> {
    let (block, task) = block_and_task(channels);
    let parts: Vec<Vec<[f64; 2]>> = (dy.par_chunks(task), max_values.par_chunks(task))
        .into_par_iter()
        .map(|(dy, max_values)| {
            let mut total = vec![[0.0; 2]; channels];
            let mut sums = vec![[0.0; 2]; channels];
            for (dy, max_values) in dy.chunks(block).zip(max_values.chunks(block)) {
                vectorized(
                    #[inline(always)]
                    || {
                        let sums = &mut sums;
                        over_channels(
                            channels,
                            &mut BlockSums { dy, max_values, channels, mean, sums },
                        );
                    },
                );
                for (total, sum) in total.iter_mut().zip(&sums) {
                    total[0] += f64::from(sum[0]);
                    total[1] += f64::from(sum[1]);
                }
            }
            total
        })
        .collect();
    let mut total = vec![[0.0; 2]; channels];
    for part in &parts {
        for (total, part) in total.iter_mut().zip(part) {
            total[0] += part[0];
            total[1] += part[1];
        }
    }
    total
}

/// The sums of one block.
struct BlockSums<'a> {
    dy: &'a [f32],
    max_values: &'a [f32],
    channels: usize,
    mean: &'a [f32],
    sums: &'a mut [[f32; 2]],
}

impl Lanes for BlockSums<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.mean, c);
        // Two chains each, so that an addition need not wait for the one before it.
        let mut sum = [[0.0_f32; L]; 2];
        let mut product = [[0.0_f32; L]; 2];
        let mut dy = self.dy.chunks_exact(2 * self.channels);
        let mut x = self.max_values.chunks_exact(2 * self.channels);
        for (dy, x) in dy.by_ref().zip(x.by_ref()) {
            for k in 0..2 {
                let dy: [f32; L] = load(dy, k * self.channels + c);
                let x: [f32; L] = load(x, k * self.channels + c);
                for l in 0..L {
                    sum[k][l] += dy[l];
                    product[k][l] += dy[l] * (x[l] - mean[l]);
                }
            }
        }
        if !dy.remainder().is_empty() {
            let dy: [f32; L] = load(dy.remainder(), c);
            let x: [f32; L] = load(x.remainder(), c);
            for l in 0..L {
                sum[0][l] += dy[l];
                product[0][l] += dy[l] * (x[l] - mean[l]);
            }
        }
        for l in 0..L {
            self.sums[c + l] = [sum[0][l] + sum[1][l], product[0][l] + product[1][l]];
        }
    }
}
