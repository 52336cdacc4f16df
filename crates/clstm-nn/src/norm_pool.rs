//! Batch normalisation followed by max pooling along the length.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};

use crate::{Initializer, Mode, composed, fused, init};

/// Added to a variance before its root.
pub(crate) const EPSILON: f32 = 1e-5;

/// Weight of a new batch in the running statistics.
const MOMENTUM: f32 = 0.1;

/// Running mean and variance per channel, for inference.
#[derive(Module, Debug)]
pub struct RunningStatistics {
    /// `[channels]`
    pub mean: RunningState<Tensor<1>>,
    /// `[channels]`
    pub variance: RunningState<Tensor<1>>,
}

impl RunningStatistics {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        Self {
            mean: RunningState::new(Tensor::zeros([channels], device)),
            variance: RunningState::new(Tensor::ones([channels], device)),
        }
    }

    /// Moves towards the statistics of a batch whose channels each saw `count` values; the variance
    /// is made unbiased, as PyTorch and Keras do.
    pub(crate) fn update(&self, mean: &[f32], variance: &[f32], count: usize) {
        let unbiased = count as f32 / (count.max(2) - 1) as f32;
        step(&self.mean, mean, 1.0);
        step(&self.variance, variance, unbiased);
    }

    /// Mean and variance as plain vectors.
    pub(crate) fn values(&self) -> (Vec<f32>, Vec<f32>) {
        (floats(self.mean.value()), floats(self.variance.value()))
    }
}

fn step(state: &RunningState<Tensor<1>>, batch: &[f32], factor: f32) {
    let device = state.value().device();
    let old = floats(state.value());
    let new: Vec<f32> = old
        .iter()
        .zip(batch)
        .map(|(old, new)| (1.0 - MOMENTUM) * old + MOMENTUM * factor * new)
        .collect();
    let count = new.len();
    state.update(Tensor::from_data(TensorData::new(new, [count]), &device));
    // Burn keeps the update aside until somebody asks: ask now, so that a snapshot sees it.
    let _ = state.value_sync();
}

/// The tensor's values: one copy where they are `f32`, as on the CPU, converted one by one elsewhere.
pub(crate) fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    match data.try_to_vec::<f32>() {
        Ok(values) => values,
        Err(_) => data.iter::<f32>().collect(),
    }
}

/// Sizes of a [`NormPool`].
#[derive(Clone, Debug)]
pub struct NormPoolConfig {
    /// Channels.
    pub channels: usize,
    /// Positions pooled into one; 1 for none.
    pub pool: usize,
}

/// Batch norm per channel, then max pooling along the length (the last window may be partial).
#[derive(Module, Debug)]
pub struct NormPool {
    /// Scale `[channels]`.
    pub gamma: Param<Tensor<1>>,
    /// Shift `[channels]`.
    pub beta: Param<Tensor<1>>,
    /// For inference.
    pub statistics: RunningStatistics,
    #[module(skip)]
    pub(crate) pool: usize,
}

impl NormPoolConfig {
    /// Scale one, shift zero.
    #[must_use]
    pub fn init(&self, _: &mut Initializer, device: &Device) -> NormPool {
        NormPool {
            gamma: init::constant(1.0, [self.channels], device),
            beta: init::constant(0.0, [self.channels], device),
            statistics: RunningStatistics::new(self.channels, device),
            pool: self.pool,
        }
    }
}

impl NormPool {
    /// # Shapes
    /// - `h`: `[batch, time, positions, channels]`
    /// - output: `[batch, time, ceil(positions / pool), channels]`
    #[must_use]
    pub fn forward(&self, h: Tensor<4>, mode: Mode) -> Tensor<4> {
        if fused::runs_on(&h.device()) {
            fused::norm_pool(h, self, mode)
        } else {
            composed::norm_pool(h, self, mode)
        }
    }
}
