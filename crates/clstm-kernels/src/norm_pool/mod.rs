//! Batch normalisation over rows and positions, fused with max pooling along the length.
//!
//! The layer does a handful of operations per float, so memory bandwidth bounds it: the forward pass
//! reads its input twice (statistics, then normalise and pool) and never writes the normalised
//! tensor; the backward pass reads the input once and writes its gradient once.

pub(crate) mod backward;
mod pool;

use crate::Buffer;
use crate::batch_norm::{Moments, reciprocal_deviation};
use crate::max_pool::PooledAffine;
use pool::SavedArgmax;

pub use crate::batch_norm::Statistics;
pub use backward::{Gradients, backward};

/// Sizes of one call: the input is `[rows, positions, channels]`, the output
/// `[rows, pooled, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NormPoolShape {
    /// Batch times time steps.
    pub rows: usize,
    /// Positions along the length before pooling.
    pub positions: usize,
    /// Channels, innermost.
    pub channels: usize,
    /// Positions that one maximum is taken over, and the hop to the next; 1 disables pooling.
    pub pool: usize,
}

impl NormPoolShape {
    /// Positions after pooling, `ceil(positions / pool)`: the last window may be partial.
    ///
    /// # Panics
    /// If `pool` is 0.
    #[must_use]
    pub fn pooled(&self) -> usize {
        self.positions.div_ceil(self.pool)
    }

    /// Whether a window holds more than one position.
    fn pools(&self) -> bool {
        self.pool > 1
    }

    fn row(&self) -> usize {
        self.positions * self.channels
    }

    fn pooled_row(&self) -> usize {
        self.pooled() * self.channels
    }

    /// Rows of one task: about 256 KiB of input, for any number of threads.
    fn rows_per_task(&self) -> usize {
        (65_536 / self.row()).max(1)
    }

    fn check(&self, h: &[f32], y: &[f32], per_channel: &[(&str, usize)]) {
        let Self { rows, positions, channels, pool } = *self;
        assert!(
            rows > 0 && positions > 0 && channels > 0 && pool > 0,
            "norm_pool: every size must be positive: {self:?}"
        );
        // The position of a maximum within its window is stored in 16 bits.
        assert!(pool.min(positions) <= 1 << 16, "norm_pool: a window exceeds 65536 positions");
        assert_eq!(h.len(), rows * self.row(), "norm_pool: length of h, {self:?}");
        assert_eq!(y.len(), rows * self.pooled_row(), "norm_pool: length of y, {self:?}");
        for (name, len) in per_channel {
            assert_eq!(*len, channels, "norm_pool: length of {name}, {self:?}");
        }
    }
}

/// What [`backward`] needs from [`forward_train`] besides the input itself.
#[derive(Debug)]
pub struct Saved {
    mean: Vec<f32>,
    /// `1 / sqrt(variance + epsilon)`
    rstd: Vec<f32>,
    /// The maximum of each window before the map, and its position; `None` without pooling.
    max_values: Option<(Buffer, Vec<u16>)>,
}

/// Normalises `h` by the statistics of this batch, applies `gamma` and `beta`, and pools into `y`.
///
/// The maximum is taken after the affine map: under a negative `gamma` it is that of the smallest
/// input. Of equal values the first counts. A NaN in a window makes its output NaN.
///
/// The variance does not cancel, however large the mean: blocks are centred on their own mean and
/// merged in `f64` (Chan, Golub & LeVeque 1983).
///
/// # Panics
/// If a size is 0, a slice does not have the length given by the shape, or a window exceeds 65536
/// positions.
#[must_use]
pub fn forward_train(
    shape: &NormPoolShape,
    h: &[f32],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f32,
    y: &mut [f32],
) -> (Saved, Statistics) {
    shape.check(h, y, &[("gamma", gamma.len()), ("beta", beta.len())]);
    let (mean, variance) = Moments::over(h, shape.channels).mean_and_variance();
    let rstd = reciprocal_deviation(variance.iter().copied(), epsilon);
    let statistics = Statistics::rounded(&mean, &variance);
    let map = PooledAffine::new(&statistics.mean, &rstd, gamma, beta);
    let max_values = if shape.pools() {
        let mut max_values = Buffer::recycled(y.len());
        let mut argmax = vec![0; y.len()];
        let saved = SavedArgmax { max_values: &mut max_values, argmax: &mut argmax };
        pool::run(shape, h, &map, y, Some(saved));
        Some((max_values, argmax))
    } else {
        pool::run(shape, h, &map, y, None);
        None
    };
    (Saved { mean: statistics.mean.clone(), rstd, max_values }, statistics)
}

/// The layer at inference: running statistics and parameters, prepared once for any number of calls.
#[derive(Debug)]
pub struct PreparedNormPool(PooledAffine);

impl PreparedNormPool {
    /// From `gamma`, `beta` and the running statistics, `[channels]` each.
    ///
    /// # Panics
    /// If they differ in length.
    #[must_use]
    pub fn new(
        gamma: &[f32],
        beta: &[f32],
        running_mean: &[f32],
        running_variance: &[f32],
        epsilon: f32,
    ) -> Self {
        let channels = gamma.len();
        let lengths = [beta.len(), running_mean.len(), running_variance.len()];
        assert_eq!(lengths, [channels; 3], "norm_pool: parameters are [channels]");
        let rstd = reciprocal_deviation(running_variance.iter().map(|&v| f64::from(v)), epsilon);
        Self(PooledAffine::new(running_mean, &rstd, gamma, beta))
    }

    /// Normalises `h` by the running statistics, applies `gamma` and `beta`, and pools into `y`.
    ///
    /// Maxima, ties and NaN as in [`forward_train`].
    ///
    /// # Panics
    /// If a size is 0, a slice does not have the length given by the shape, or a window exceeds 65536
    /// positions.
    pub fn forward(&self, shape: &NormPoolShape, h: &[f32], y: &mut [f32]) {
        shape.check(h, y, &[("the parameters", self.0.channels())]);
        pool::run(shape, h, &self.0, y, None);
    }
}
