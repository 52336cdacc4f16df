use burn::tensor::Tensor;

use crate::norm_pool::{EPSILON, RunningStatistics, floats};
use crate::{Mode, NormPool};

/// [`NormPool::forward`] as tensor operations.
#[must_use]
pub fn norm_pool(h: Tensor<4>, layer: &NormPool, mode: Mode) -> Tensor<4> {
    let normal = normalize(h, layer.gamma.val(), layer.beta.val(), &layer.statistics, mode);
    max_pool(normal, layer.pool)
}

/// Batch norm over all but the last axis of `[.., .., .., channels]`.
pub(super) fn normalize(
    h: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    statistics: &RunningStatistics,
    mode: Mode,
) -> Tensor<4> {
    let [batch, time, positions, channels] = h.dims();
    let (mean, variance) = match mode {
        Mode::Inference => {
            let row = |t: Tensor<1>| t.to_device(&h.device()).reshape([1, 1, 1, channels]);
            (row(statistics.mean.value()), row(statistics.variance.value()))
        }
        Mode::Training { .. } => {
            let count = batch * time * positions;
            let rows = h.clone().reshape([count, channels]);
            let mean = rows.clone().mean_dim(0); // [1, channels]
            let centred = rows - mean.clone();
            let variance = (centred.clone() * centred).mean_dim(0);
            statistics.update(&floats(mean.clone()), &floats(variance.clone()), count);
            (mean.reshape([1, 1, 1, channels]), variance.reshape([1, 1, 1, channels]))
        }
    };
    let normal = (h - mean) / (variance + EPSILON).sqrt();
    normal * gamma.reshape([1, 1, 1, channels]) + beta.reshape([1, 1, 1, channels])
}

/// Largest of `pool` neighbours along the length; the last window may be partial.
///
/// # Shapes
/// - `x`: `[batch, time, length, channels]`
/// - output: `[batch, time, ceil(length / pool), channels]`
#[must_use]
pub fn max_pool(x: Tensor<4>, pool: usize) -> Tensor<4> {
    if pool == 1 {
        return x;
    }
    let [batch, time, length, channels] = x.dims();
    let pooled = length.div_ceil(pool);
    let padded = pooled * pool;
    let x = if padded > length {
        // The last position again: it cannot be larger than itself.
        let last = x.clone().narrow(2, length - 1, 1).repeat_dim(2, padded - length).detach();
        Tensor::cat(vec![x, last], 2)
    } else {
        x
    };
    x.reshape([batch * time, pooled, pool, channels])
        .max_dim(2)
        .reshape([batch, time, pooled, channels])
}
