//! Mean and variance of each channel of a tensor, in one read of memory.

use crate::simd::lanes::{Lanes, lanes, load, over_channels, store};
use crate::simd::vectorized;
use rayon::prelude::*;

/// Floats of one block (32 KiB): small enough to stay in the first-level cache while it is read twice.
const BLOCK: usize = 8_192;

/// Blocks of one task; fixed, so that the sums do not depend on the number of threads.
const BLOCKS_PER_TASK: usize = 16;

/// Floats of one block and of one task, in whole positions.
pub(super) fn block_and_task(channels: usize) -> (usize, usize) {
    let block = (BLOCK / channels).max(16) * channels;
    (block, block * BLOCKS_PER_TASK)
}

/// Count, mean and sum of squared deviations (`m2`) of each channel.
#[derive(Debug)]
pub(crate) struct Moments {
    pub(super) count: f64,
    pub(super) mean: Vec<f64>,
    pub(super) m2: Vec<f64>,
}

impl Moments {
    fn empty(channels: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; channels], m2: vec![0.0; channels] }
    }

    /// Over all positions of `x` `[positions, channels]`.
    pub(crate) fn over(x: &[f32], channels: usize) -> Self {
        let (block, task) = block_and_task(channels);
        let parts: Vec<Self> = x
            .par_chunks(task)
            .map(|x| {
                let mut moments = Self::empty(channels);
                let mut scratch = vec![0.0; 3 * channels];
                for x in x.chunks(block) {
                    moments.add_block(x, &mut scratch);
                }
                moments
            })
            .collect();
        let mut total = Self::empty(channels);
        for part in parts {
            total.merge(part.count, part.mean.iter().copied().zip(part.m2.iter().copied()));
        }
        total
    }

    /// Values of each channel.
    pub(crate) fn count(&self) -> f64 {
        self.count
    }

    /// Mean, then biased variance.
    pub(crate) fn mean_and_variance(self) -> (Vec<f64>, Vec<f64>) {
        let variance = self.m2.iter().map(|m2| m2 / self.count).collect();
        (self.mean, variance)
    }

    fn add_block(&mut self, x: &[f32], scratch: &mut [f32]) {
        let channels = self.mean.len();
        let count = (x.len() / channels) as f64;
        let (mean, sums) = scratch.split_at_mut(channels);
        let (rest, squares) = sums.split_at_mut(channels);
        vectorized(
            #[inline(always)]
            || {
                over_channels(channels, &mut Sum { x, channels, sum: mean });
                let scale = (1.0 / count) as f32;
                mean.iter_mut().for_each(|m| *m *= scale);
                over_channels(channels, &mut Deviations { x, channels, mean, rest, squares });
            },
        );
        // The block's mean is rounded to `f32`; the rest around it corrects both moments.
        let exact = mean.iter().zip(&*rest).zip(&*squares).map(|((&mean, &rest), &squares)| {
            let rest = f64::from(rest);
            (f64::from(mean) + rest / count, f64::from(squares) - rest * rest / count)
        });
        self.merge(count, exact);
    }

    /// Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance".
    fn merge(&mut self, count: f64, other: impl Iterator<Item = (f64, f64)>) {
        let total = self.count + count;
        let (weight, cross) = (count / total, self.count * count / total);
        for ((mean, m2), (other_mean, other_m2)) in
            self.mean.iter_mut().zip(&mut self.m2).zip(other)
        {
            let delta = other_mean - *mean;
            *mean += delta * weight;
            *m2 += other_m2 + delta * delta * cross;
        }
        self.count = total;
    }
}

/// `sum[c] = sum over positions of x[., c]`, in four chains.
struct Sum<'a> {
    x: &'a [f32],
    channels: usize,
    sum: &'a mut [f32],
}

impl Lanes for Sum<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mut chains = [[0.0_f32; L]; 4];
        let mut fours = self.x.chunks_exact(4 * self.channels);
        for four in &mut fours {
            for (k, chain) in chains.iter_mut().enumerate() {
                let x: [f32; L] = load(four, k * self.channels + c);
                for l in 0..L {
                    chain[l] += x[l];
                }
            }
        }
        for row in fours.remainder().chunks_exact(self.channels) {
            let x: [f32; L] = load(row, c);
            for l in 0..L {
                chains[0][l] += x[l];
            }
        }
        let [a, b, d, e] = chains;
        store::<L>(lanes(|l| (a[l] + b[l]) + (d[l] + e[l])), self.sum, c);
    }
}

/// `rest[c] = sum of x - mean[c]` and `squares[c] = sum of (x - mean[c])^2`, in two chains.
struct Deviations<'a> {
    x: &'a [f32],
    channels: usize,
    mean: &'a [f32],
    rest: &'a mut [f32],
    squares: &'a mut [f32],
}

impl Lanes for Deviations<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.mean, c);
        let mut rest = [[0.0_f32; L]; 2];
        let mut squares = [[0.0_f32; L]; 2];
        let mut pairs = self.x.chunks_exact(2 * self.channels);
        for pair in &mut pairs {
            for k in 0..2 {
                let x: [f32; L] = load(pair, k * self.channels + c);
                for l in 0..L {
                    let d = x[l] - mean[l];
                    rest[k][l] += d;
                    squares[k][l] += d * d;
                }
            }
        }
        if !pairs.remainder().is_empty() {
            let x: [f32; L] = load(pairs.remainder(), c);
            for l in 0..L {
                let d = x[l] - mean[l];
                rest[0][l] += d;
                squares[0][l] += d * d;
            }
        }
        for l in 0..L {
            self.rest[c + l] = rest[0][l] + rest[1][l];
            self.squares[c + l] = squares[0][l] + squares[1][l];
        }
    }
}
