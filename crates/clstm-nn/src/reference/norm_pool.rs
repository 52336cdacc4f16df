use burn::tensor::Tensor;

use crate::norm_pool::{EPSILON, RunningStatistics};
use crate::{Mode, NormPool};

/// [`NormPool::forward`] as tensor operations.
#[must_use]
pub fn norm_pool(h: Tensor<4>, layer: &NormPool, mode: Mode) -> Tensor<4> {
    let [batch, time, positions, channels] = h.dims();
    let rows = h.reshape([batch * time, positions, channels]);
    let normal = normalize(rows, 2, layer.gamma.val(), layer.beta.val(), &layer.statistics, mode);
    max_pool(normal.reshape([batch, time, positions, channels]), layer.pool)
}

/// Batch norm over all axes but that of the channels, 1 or 2. The statistics never leave the device.
pub(super) fn normalize(
    h: Tensor<3>,
    axis: usize,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    statistics: &RunningStatistics,
    mode: Mode,
) -> Tensor<3> {
    let (shape, channels) = (h.dims(), h.dims()[axis]);
    let other = 3 - axis;
    let along = |values: Tensor<1>| {
        let mut shape = [1; 3];
        shape[axis] = channels;
        values.reshape(shape)
    };
    let (centred, variance) = match mode.uses_running_stats() {
        true => {
            let here = |t: Tensor<1>| along(t.to_device(&h.device()));
            let (mean, variance) = (statistics.mean.value(), statistics.variance.value());
            (h.clone() - here(mean), here(variance))
        }
        false => {
            let mean = h.clone().mean_dim(other).mean_dim(0); // 1 but along the channels
            let centred = h - mean.clone();
            let variance = (centred.clone() * centred.clone()).mean_dim(other).mean_dim(0);
            let flat = |t: &Tensor<3>| t.clone().detach().reshape([channels]);
            if mode.updates_stats() {
                statistics.update(flat(&mean), flat(&variance), shape[0] * shape[other]);
            }
            (centred, variance)
        }
    };
    centred * (along(gamma) / (variance + EPSILON).sqrt()) + along(beta)
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
