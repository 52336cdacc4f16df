//! Batch normalisation over (rows, positions) fused with max pooling along the length.
//!
//! The layer does a handful of operations per float, so it is bound by memory: the forward pass
//! reads its input twice (statistics, then normalise and pool) and never writes the normalised
//! tensor; the backward pass reads the input once and writes its gradient once.
//!
//! Batch normalisation: Ioffe & Szegedy 2015, <https://arxiv.org/abs/1502.03167>.

pub(crate) mod backward;
mod moments;
pub(crate) mod pool;

use crate::Buffer;
use moments::Moments;
use pool::{Affine, SavedArgmax};

pub use backward::backward;

/// Sizes of one call: `h` is `[rows, positions, channels]`, `y` is `[rows, pooled, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NormPoolShape {
    /// Batch times time steps.
    pub rows: usize,
    /// Positions along the length before pooling.
    pub positions: usize,
    /// Channels, innermost.
    pub channels: usize,
    /// Positions that one maximum is taken over, and the hop to the next; 1 pools nothing.
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

    /// Rows that one task takes: about 256 KiB of input, whatever the number of threads.
    fn rows_per_task(&self) -> usize {
        (65_536 / self.row()).max(1)
    }

    fn check(&self, h: &[f32], y: &[f32], per_channel: &[(&str, usize)]) {
        let Self { rows, positions, channels, pool } = *self;
        assert!(
            rows > 0 && positions > 0 && channels > 0 && pool > 0,
            "norm_pool: every size must be positive: {self:?}"
        );
        // The place of a maximum within its window is kept in 16 bits.
        assert!(pool.min(positions) <= 1 << 16, "norm_pool: a window exceeds 65536 positions");
        assert_eq!(h.len(), rows * self.row(), "norm_pool: length of h, {self:?}");
        assert_eq!(y.len(), rows * self.pooled_row(), "norm_pool: length of y, {self:?}");
        for (name, len) in per_channel {
            assert_eq!(*len, channels, "norm_pool: length of {name}, {self:?}");
        }
    }
}

/// Mean and variance of each channel over the batch, for the running averages of the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Mean, `[channels]`.
    pub mean: Vec<f32>,
    /// Biased variance (divided by `rows * positions`), `[channels]`.
    pub variance: Vec<f32>,
}

/// What [`backward`] needs of [`forward_train`] beside the input itself.
#[derive(Debug)]
pub struct Saved {
    mean: Vec<f32>,
    /// `1 / sqrt(variance + epsilon)`
    rstd: Vec<f32>,
    /// Inputs that won their window and their argmax in it; none where nothing is pooled.
    max_values: Option<(Buffer, Vec<u16>)>,
}

/// Normalises by the statistics of this batch, applies `gamma` and `beta`, and pools into `y`.
///
/// The maximum is taken after the affine map, so that under a negative `gamma` the smallest input
/// wins; of equals the first. A NaN in a window makes its output NaN.
///
/// The variance does not cancel however large the mean: blocks are centred on their own mean and
/// merged in float64 (Chan, Golub & LeVeque 1983).
///
/// # Panics
/// If a size is 0, a slice has not the length the shape says, or a window exceeds 65536 positions.
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
    let statistics = Statistics {
        mean: mean.iter().map(|&m| m as f32).collect(),
        variance: variance.iter().map(|&v| v as f32).collect(),
    };
    let affine = Affine::new(&statistics.mean, &rstd, gamma, beta);
    let max_values = if shape.pools() {
        let mut values = Buffer::recycled(y.len());
        let mut argmax = vec![0; y.len()];
        pool::run(
            shape,
            h,
            &affine,
            y,
            Some(SavedArgmax { values: &mut values, argmax: &mut argmax }),
        );
        Some((values, argmax))
    } else {
        pool::run(shape, h, &affine, y, None);
        None
    };
    (Saved { mean: statistics.mean.clone(), rstd, max_values }, statistics)
}

/// Normalises by running statistics, applies `gamma` and `beta`, and pools into `y`.
///
/// Maxima, ties and NaN as in [`forward_train`].
///
/// # Panics
/// If a size is 0, a slice has not the length the shape says, or a window exceeds 65536 positions.
#[expect(clippy::too_many_arguments, reason = "the operands of one batch normalisation")]
pub fn forward_eval(
    shape: &NormPoolShape,
    h: &[f32],
    gamma: &[f32],
    beta: &[f32],
    running_mean: &[f32],
    running_variance: &[f32],
    epsilon: f32,
    y: &mut [f32],
) {
    PreparedNormPool::new(gamma, beta, running_mean, running_variance, epsilon)
        .forward(shape, h, y);
}

/// Running statistics and parameters made ready once, for any number of calls.
#[derive(Debug)]
pub struct PreparedNormPool(Affine);

impl PreparedNormPool {
    /// Of `gamma`, `beta` and the running statistics, `[channels]` each.
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
        Self(Affine::new(running_mean, &rstd, gamma, beta))
    }

    /// [`forward_eval`] with these.
    ///
    /// # Panics
    /// As [`forward_eval`].
    pub fn forward(&self, shape: &NormPoolShape, h: &[f32], y: &mut [f32]) {
        shape.check(h, y, &[("the parameters", self.0.channels())]);
        pool::run(shape, h, &self.0, y, None);
    }
}

pub(crate) fn reciprocal_deviation(variance: impl Iterator<Item = f64>, epsilon: f32) -> Vec<f32> {
    variance.map(|v| (v + f64::from(epsilon)).sqrt().recip() as f32).collect()
}
