//! What the layers of the inference engine have in common.

use std::fmt;

use clstm_kernels::Buffer;
use clstm_kernels::norm_pool::PreparedNormPool;

use crate::norm_pool::EPSILON;
use crate::tensors::Tensors;
use crate::{NetworkError, NormPoolConfig};

/// A layer whose weights have been packed.
pub(super) trait Layer: fmt::Debug + Send + Sync {
    /// The output for `x` `[batch, time, ..]`, row-major, and its time steps.
    fn forward(&self, batch: usize, time: usize, x: &[f32]) -> (Buffer, usize);
}

/// The batch norm at `path`, by its running statistics, and what follows it.
pub(super) fn norm_pool(
    path: &str,
    config: NormPoolConfig,
    tensors: &mut Tensors<'_>,
) -> Result<PreparedNormPool, NetworkError> {
    let mut take = |name: &str| tensors.take(&format!("{path}.{name}"), &[config.channels]);
    let (gamma, beta) = (take("gamma")?, take("beta")?);
    let (mean, variance) = (take("statistics.mean")?, take("statistics.variance")?);
    Ok(PreparedNormPool::new(gamma, beta, mean, variance, EPSILON))
}

/// Sets negative values to 0. A NaN stays one, which `f32::max` would hide.
pub(super) fn relu(values: &mut [f32]) {
    values.iter_mut().for_each(|x| *x = if *x < 0.0 { 0.0 } else { *x });
}
