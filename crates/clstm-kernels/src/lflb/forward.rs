//! The forward pass.

use half::bf16;

use super::pool::{PoolSink, SavedArgmax, StatsSink, pool_groups};
use super::{BatchStatistics, LflbShape, OutputNorm, Saved};
use crate::Precision;
use crate::batch_norm::{MomentAccumulator, Statistics, merge_groups, reciprocal_deviation};
use crate::conv_lstm::forward::forward_in;
use crate::conv_lstm::group::{group_ranges, split};
use crate::conv_lstm::{self, InputNorm, SavedOf};
use crate::gemm::GemmScalar;
use crate::max_pool::PooledAffine;

/// Runs the block over `x` `[B, T, L, C]` from zero states and writes `y` `[B, T, Q, H]`.
///
/// Maxima are taken after the norm's affine map: under a negative `gamma` it is that of the smallest
/// state. Of equal values the first counts. With `keep`, which needs both norms to use the statistics
/// of the batch, what [`backward`](super::backward) needs is returned.
///
/// # Panics
/// If a slice does not have the size given by `shape`, or `keep` is combined with running statistics.
pub fn forward(
    shape: &LflbShape,
    x: &[f32],
    params: &conv_lstm::Params<'_>,
    input_norm: InputNorm<'_>,
    output_norm: OutputNorm<'_>,
    y: &mut [f32],
    keep: bool,
) -> (Option<Saved>, BatchStatistics) {
    match shape.conv_lstm.precision {
        Precision::F32 => forward_as::<f32>(shape, x, params, input_norm, output_norm, y, keep),
        Precision::Bf16 => forward_as::<bf16>(shape, x, params, input_norm, output_norm, y, keep),
    }
}

fn forward_as<E: GemmScalar>(
    shape: &LflbShape,
    x: &[f32],
    params: &conv_lstm::Params<'_>,
    input_norm: InputNorm<'_>,
    norm: OutputNorm<'_>,
    y: &mut [f32],
    keep: bool,
) -> (Option<Saved>, BatchStatistics)
where
    conv_lstm::Saved: From<SavedOf<E>>,
{
    shape.check_norm(&norm);
    shape.check_output(y);
    let layer = &shape.conv_lstm;
    let ranges = group_ranges(layer.batch);
    if let Some(map) = norm.map() {
        assert!(!keep, "lflb: running statistics have no backward pass");
        let parts = split(y, &ranges, shape.utterance()).into_iter();
        let mut sinks: Vec<_> = parts.map(|y| PoolSink { shape, map: &map, y }).collect();
        let (_, input) = forward_in::<E, _>(layer, x, params, input_norm, &mut sinks, false);
        return (None, BatchStatistics { input, output: None });
    }
    let sink = |_| StatsSink { moments: MomentAccumulator::new(layer.filters) };
    let mut sinks: Vec<_> = ranges.iter().map(sink).collect();
    // States are pooled once their statistics are known: they are kept in any case.
    let (saved, input) = forward_in::<E, _>(layer, x, params, input_norm, &mut sinks, true);
    let saved = saved.expect("requested");
    let moments: Vec<_> = sinks.into_iter().map(|sink| sink.moments).collect();
    let (mean, variance) = merge_groups(&moments).mean_and_variance();
    let rstd = reciprocal_deviation(variance.iter().copied(), norm.epsilon);
    let statistics = Statistics::rounded(&mean, &variance);
    let map = PooledAffine::new(&statistics.mean, &rstd, norm.gamma, norm.beta);
    let argmax = keep.then(|| SavedArgmax::new(shape));
    let argmax = pool_groups(shape, &saved.groups, &map, y, argmax);
    let saved = argmax.map(|SavedArgmax { max_values, argmax }| Saved {
        conv_lstm: saved.into(),
        gamma: norm.gamma.to_vec(),
        mean: statistics.mean.clone(),
        rstd,
        max_values,
        argmax,
    });
    (saved, BatchStatistics { input, output: Some(statistics) })
}
