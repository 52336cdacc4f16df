//! Batch normalisation followed by max pooling along the length.

use burn::module::{Module, Param, ParamId, RunningState};
use burn::tensor::{Device, Tensor};

use crate::tensor_data::floats;
use crate::{Mode, ParameterRole, Roles, WeightInit, WithRoles, fused, init, reference};

/// Added to a variance before its root.
pub const EPSILON: f32 = 1e-5;

/// Weight of a new batch in the running statistics.
const MOMENTUM: f32 = 0.1;

/// Running mean and variance per channel, for inference.
#[derive(Module, Debug)]
pub struct RunningStatistics {
    /// `[channels]`
    pub mean: RunningState<Tensor<1>>,
    /// `[channels]`
    pub variance: RunningState<Tensor<1>>,
    /// Identities of mean and variance, which their states keep to themselves.
    #[module(skip)]
    ids: [ParamId; 2],
}

impl RunningStatistics {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        let ids = [ParamId::new(), ParamId::new()];
        Self {
            mean: RunningState::with_id(ids[0], Tensor::zeros([channels], device)),
            variance: RunningState::with_id(ids[1], Tensor::ones([channels], device)),
            ids,
        }
    }

    /// Moves towards the statistics of a batch, `[channels]` each, whose channels each have `count` values; the variance is
    /// made unbiased, as PyTorch and Keras do. Statistics that are not finite change nothing. On a GPU nothing
    /// waits for it.
    pub(crate) fn update(&self, mean: Tensor<1>, variance: Tensor<1>, count: usize) {
        let unbiased = count as f32 / (count.max(2) - 1) as f32;
        step(&self.mean, mean, 1.0);
        step(&self.variance, variance, unbiased);
    }

    /// Mean and variance as plain vectors.
    pub(crate) fn values(&self) -> (Vec<f32>, Vec<f32>) {
        (floats(self.mean.value()), floats(self.variance.value()))
    }
}

fn step(state: &RunningState<Tensor<1>>, batch: Tensor<1>, factor: f32) {
    let old = state.value();
    let batch = batch.to_device(&old.device());
    let unusable = batch.clone().is_finite().bool_not();
    let moved = old.clone().mul_scalar(1.0 - MOMENTUM) + batch.mul_scalar(MOMENTUM * factor);
    state.update(moved.mask_where(unusable, old));
    // Burn applies an update when the value is read: read it now, so that a snapshot has it.
    let _ = state.value_sync();
}

/// Settings of a [`NormPool`].
#[derive(Clone, Copy, Debug, PartialEq)]
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
    pub fn init(&self, _: &mut WeightInit, device: &Device) -> NormPool {
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
            reference::norm_pool(h, self, mode)
        }
    }
}

impl WithRoles for RunningStatistics {
    fn add_roles(&self, roles: &mut Roles) {
        self.ids.iter().for_each(|id| roles.add_id(*id, ParameterRole::running_statistic()));
    }
}

impl WithRoles for NormPool {
    fn add_roles(&self, roles: &mut Roles) {
        roles.add(&self.gamma, ParameterRole::vector());
        roles.add(&self.beta, ParameterRole::vector());
        self.statistics.add_roles(roles);
    }
}
