//! Moments of rows that arrive one time step after another.

use super::Moments;
use crate::gemm::GemmScalar;
use crate::simd::vectorized;

/// Rows summed in `f32` before the sums move to `f64`: 256 additions of values of one magnitude lose
/// at most 8 of 24 bits, and far less on average.
const BLOCK: usize = 256;

/// Sums per channel of the values minus those of the first row, so that a large mean does not cancel
/// the variance.
#[derive(Debug)]
pub(crate) struct MomentAccumulator {
    count: usize,
    /// The first row, `[n]`.
    first: Vec<f32>,
    sum: Vec<f64>,
    square: Vec<f64>,
    block_sum: Vec<f32>,
    block_square: Vec<f32>,
}

impl MomentAccumulator {
    /// An accumulator of `n` channels.
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

    /// The moments of all rows added.
    fn moments(&self) -> Moments {
        let count = self.count as f64;
        let sums = || self.sum.iter().zip(&self.first);
        let mean = sums().map(|(sum, first)| f64::from(*first) + sum / count).collect();
        let m2 = self.sum.iter().zip(&self.square).map(|(s, q)| q - s * s / count).collect();
        Moments { count, mean, m2 }
    }
}

/// Moments over all groups, merged in their order.
pub(crate) fn merge_groups(groups: &[MomentAccumulator]) -> Moments {
    let groups: Vec<_> = groups.iter().map(MomentAccumulator::moments).collect();
    let channels = groups.first().map_or(0, |group| group.mean.len());
    let count: f64 = groups.iter().map(|group| group.count).sum();
    let mean = |k: usize| groups.iter().map(|g| g.mean[k] * g.count).sum::<f64>() / count;
    let mean: Vec<f64> = (0..channels).map(mean).collect();
    let m2 = |k: usize| {
        let part = |g: &Moments| g.m2[k] + (g.mean[k] - mean[k]).powi(2) * g.count;
        groups.iter().map(part).sum::<f64>()
    };
    let m2 = (0..channels).map(m2).collect();
    Moments { count, mean, m2 }
}
