//! A local feature learning block: ConvLSTM, batch normalisation and max pooling as one operation.
//!
//! The ConvLSTM's hidden states, by far the largest tensor of a block, never leave the memory of
//! their group: their moments are taken as they are made, pooling reads them where they lie, and on
//! the way back the gradient of a state is made from its pooled one at the moment it is wanted.
//!
//! The result is that of [`conv_lstm`](crate::conv_lstm) followed by
//! [`norm_pool`](crate::norm_pool).

mod pool;
mod prepared;

use half::bf16;

use crate::conv_lstm::backward::{Gradients as ConvLstmGradients, backward_in};
use crate::conv_lstm::forward::forward_in;
use crate::conv_lstm::group::{group_ranges, split};
use crate::conv_lstm::norm::{Moments, mean_and_variance};
use crate::conv_lstm::{self, InputNorm, SavedOf, Statistics};
use crate::gemm::GemmScalar;
use crate::norm_pool::backward::{reduce, terms};
use crate::norm_pool::pool::Affine;
use crate::norm_pool::reciprocal_deviation;
use crate::{Buffer, Precision};
use pool::{PoolSink, PooledGradients, SavedArgmax, StatsSink, pool_groups};
pub use prepared::PreparedLflb;

/// Sizes of one block.
#[derive(Clone, Copy, Debug)]
pub struct LflbShape {
    /// The ConvLSTM's.
    pub conv_lstm: conv_lstm::ConvLstmShape,
    /// Positions that one maximum is taken over, and the hop to the next; 1 pools nothing.
    pub pool: usize,
}

impl LflbShape {
    /// Positions after pooling, `Q = ceil(P / pool)`: the last window may be partial.
    ///
    /// # Panics
    /// If `pool` is 0.
    #[must_use]
    pub fn pooled(&self) -> usize {
        self.conv_lstm.positions().div_ceil(self.pool)
    }

    /// Elements of one utterance's output, `[T, Q, H]`.
    fn utterance(&self) -> usize {
        self.conv_lstm.time * self.pooled() * self.conv_lstm.filters
    }

    fn check_output(&self, y: &[f32]) {
        assert_eq!(y.len(), self.conv_lstm.batch * self.utterance(), "y is [B, T, Q, H]");
    }

    /// Checks what does not depend on the batch.
    fn check_norm(&self, norm: &OutputNorm<'_>) {
        // The place of a maximum within its window is kept in 16 bits.
        let window = self.pool.min(self.conv_lstm.positions());
        assert!(self.pool > 0 && window <= 1 << 16, "lflb: pools 1 to 65536 positions: {self:?}");
        let filters = self.conv_lstm.filters;
        assert_eq!(norm.gamma.len(), filters, "lflb: length of gamma");
        assert_eq!(norm.beta.len(), filters, "lflb: length of beta");
        if let Some((mean, variance)) = norm.running {
            assert_eq!(mean.len(), filters, "lflb: length of the running mean");
            assert_eq!(variance.len(), filters, "lflb: length of the running variance");
        }
    }
}

/// The batch norm between ConvLSTM and pooling.
#[derive(Clone, Copy, Debug)]
pub struct OutputNorm<'a> {
    /// Scale `[H]`.
    pub gamma: &'a [f32],
    /// Shift `[H]`.
    pub beta: &'a [f32],
    /// Mean and variance `[H]` to normalise by; those of the batch where there are none.
    pub running: Option<(&'a [f32], &'a [f32])>,
    /// Added to the variance.
    pub epsilon: f32,
}

impl OutputNorm<'_> {
    /// The map that running statistics make of the norm.
    fn affine(&self) -> Option<Affine> {
        let (mean, variance) = self.running?;
        let rstd = reciprocal_deviation(variance.iter().map(|v| f64::from(*v)), self.epsilon);
        Some(Affine::new(mean, &rstd, self.gamma, self.beta))
    }
}

/// Statistics of a batch, of the norms that ask for them.
#[derive(Clone, Debug, Default)]
pub struct BatchStatistics {
    /// Of the input-to-state pre-activations, `[4H]`.
    pub input: Option<Statistics>,
    /// Of the hidden states, `[H]`.
    pub output: Option<Statistics>,
}

/// What the backward pass needs of a forward pass.
#[derive(Debug)]
pub struct Saved {
    conv_lstm: conv_lstm::Saved,
    gamma: Vec<f32>,
    mean: Vec<f32>,
    /// `1 / sqrt(variance + epsilon)`
    rstd: Vec<f32>,
    /// States that won their window, `[B, T, Q, H]`.
    max_values: Buffer,
    /// Their argmax in it; empty where nothing is pooled.
    argmax: Buffer<u16>,
}

/// Gradients of a block's parameters.
#[derive(Debug)]
pub struct Gradients {
    /// Of the ConvLSTM.
    pub conv_lstm: ConvLstmGradients,
    /// Of the norm's scale, `[H]`.
    pub gamma: Vec<f32>,
    /// Of the norm's shift, `[H]`.
    pub beta: Vec<f32>,
}

/// Runs the block over `x` `[B, T, L, C]` from zero states and writes `y` `[B, T, Q, H]`.
///
/// Maxima are taken after the norm's affine map, so that under a negative `gamma` the smallest state
/// wins; of equals the first. What [`backward`] needs is returned with `keep`, where both norms are
/// those of the batch.
///
/// # Panics
/// If a slice does not have the size that `shape` asks for, or `keep` meets running statistics.
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
        Precision::F32 => {
            forward_with(shape, x, params, input_norm, output_norm, y, keep, conv_lstm::Saved::F32)
        }
        Precision::Bf16 => {
            forward_with(shape, x, params, input_norm, output_norm, y, keep, conv_lstm::Saved::Bf16)
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the operands of a block, and how to wrap its type")]
fn forward_with<E: GemmScalar>(
    shape: &LflbShape,
    x: &[f32],
    params: &conv_lstm::Params<'_>,
    input_norm: InputNorm<'_>,
    norm: OutputNorm<'_>,
    y: &mut [f32],
    keep: bool,
    wrap: fn(SavedOf<E>) -> conv_lstm::Saved,
) -> (Option<Saved>, BatchStatistics) {
    shape.check_norm(&norm);
    shape.check_output(y);
    let layer = &shape.conv_lstm;
    let ranges = group_ranges(layer.batch);
    if let Some(affine) = norm.affine() {
        assert!(!keep, "lflb: running statistics have no backward pass");
        let parts = split(y, &ranges, shape.utterance()).into_iter();
        let mut sinks: Vec<_> = parts.map(|y| PoolSink { shape, affine: &affine, y }).collect();
        let (_, input) = forward_in::<E, _>(layer, x, params, input_norm, &mut sinks, false);
        return (None, BatchStatistics { input, output: None });
    }
    let mut sinks: Vec<_> =
        ranges.iter().map(|_| StatsSink { moments: Moments::new(layer.filters) }).collect();
    // The states are pooled once their statistics are known: they are kept in any case.
    let (saved, input) = forward_in::<E, _>(layer, x, params, input_norm, &mut sinks, true);
    let saved = saved.expect("asked for");
    let moments: Vec<Moments> = sinks.into_iter().map(|sink| sink.moments).collect();
    let (_, mean, variance) = mean_and_variance(&moments);
    let rstd = reciprocal_deviation(variance.iter().copied(), norm.epsilon);
    let output = Statistics {
        mean: mean.iter().map(|m| *m as f32).collect(),
        variance: variance.iter().map(|v| *v as f32).collect(),
    };
    let affine = Affine::new(&output.mean, &rstd, norm.gamma, norm.beta);
    let kept = keep.then(|| SavedArgmax::new(shape));
    let (max_values, argmax) = match pool_groups(shape, &saved.groups, &affine, y, kept) {
        Some(SavedArgmax { max_values, argmax }) => (max_values, argmax),
        None => return (None, BatchStatistics { input, output: Some(output) }),
    };
    let saved = Saved {
        conv_lstm: wrap(saved),
        gamma: norm.gamma.to_vec(),
        mean: output.mean.clone(),
        rstd,
        max_values,
        argmax,
    };
    (Some(saved), BatchStatistics { input, output: Some(output) })
}

/// Back-propagates `dy` `[B, T, Q, H]`; `dx` `[B, T, L, C]` is written where it is wanted.
///
/// # Panics
/// If a slice does not have the size that `shape` asks for.
pub fn backward(shape: &LflbShape, saved: Saved, dy: &[f32], dx: Option<&mut [f32]>) -> Gradients {
    let layer = &shape.conv_lstm;
    assert_eq!(dy.len(), layer.batch * shape.utterance(), "dy is [B, T, Q, H]");
    let Saved { conv_lstm: inner, gamma, mean, rstd, max_values, argmax } = saved;
    // `[sum dy, sum dy (winner - mean)]` by channel.
    let sums = reduce(layer.filters, dy, &max_values, &mean);
    let count = (layer.batch * layer.time * layer.positions()) as f64;
    let slope = pool::Slope {
        mean: &mean,
        gain: gamma.iter().zip(&rstd).map(|(g, r)| g * r).collect(),
        offset: terms(&gamma, &rstd, |c, gain, _| -gain * sums[c][0] / count),
        tilt: terms(&gamma, &rstd, |c, gain, rstd| -gain * sums[c][1] * rstd * rstd / count),
    };
    let utterance = shape.utterance();
    let argmax = &*argmax;
    let sources: Vec<_> = group_ranges(layer.batch)
        .into_iter()
        .map(|range| range.start * utterance..range.end * utterance)
        .map(|part| PooledGradients {
            shape,
            slope: &slope,
            dy: &dy[part.clone()],
            argmax: if shape.pool > 1 { &argmax[part] } else { &[] },
        })
        .collect();
    let conv_lstm = match inner {
        conv_lstm::Saved::F32(saved) => backward_in(layer, saved, &sources, dx),
        conv_lstm::Saved::Bf16(saved) => backward_in::<bf16, _>(layer, saved, &sources, dx),
    };
    Gradients {
        conv_lstm,
        gamma: sums.iter().zip(&rstd).map(|([_, s], r)| (s * f64::from(*r)) as f32).collect(),
        beta: sums.iter().map(|[s, _]| *s as f32).collect(),
    }
}
