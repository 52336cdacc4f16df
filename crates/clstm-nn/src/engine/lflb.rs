//! Local feature learning blocks and their skip connections.

use clstm_kernels::Buffer;
use clstm_kernels::gemm::{self, MatrixView, OutputMode, PackedWeights};
use clstm_kernels::lflb::{LflbShape, OutputNorm, PreparedLflb};

use super::conv_lstm::conv_lstm_tensors;
use super::layer::Layer;
use crate::norm_pool::EPSILON;
use crate::tensors::Tensors;
use crate::{LflbSpec, NetworkError, Precision};

/// [`Lflb`](crate::Lflb).
#[derive(Debug)]
pub(super) struct Lflb {
    packed: PreparedLflb,
    skip: Option<Skip>,
}

/// [`Skip`](crate::Skip), which is in `f32` whatever the precision of the recurrent layers.
#[derive(Debug)]
struct Skip {
    /// `[channels, filters]`
    weight: PackedWeights<f32>,
    pool: usize,
}

impl Lflb {
    pub(super) fn new(
        path: &str,
        spec: &LflbSpec,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let (filters, channels) = (spec.conv_lstm.block.filters, spec.conv_lstm.channels);
        let (params, input_norm) =
            conv_lstm_tensors(&format!("{path}.conv_lstm"), &spec.conv_lstm, tensors)?;
        let mut take = |name: &str| tensors.take(&format!("{path}.norm_pool.{name}"), &[filters]);
        let output_norm = OutputNorm {
            gamma: take("gamma")?,
            beta: take("beta")?,
            running: Some((take("statistics.mean")?, take("statistics.variance")?)),
            epsilon: EPSILON,
        };
        let skip = if spec.skip {
            let weight = tensors.take(&format!("{path}.skip.weight"), &[channels, filters])?;
            let weight = PackedWeights::pack([1, channels, filters], weight, [0, filters, 1]);
            Some(Skip { weight, pool: spec.skip_pool() })
        } else {
            None
        };
        let conv_lstm = spec.conv_lstm.kernel_shape(0, 0, precision);
        let shape = LflbShape { conv_lstm, pool: spec.norm_pool().pool };
        Ok(Self { packed: PreparedLflb::new(&shape, &params, input_norm, output_norm), skip })
    }
}

impl Layer for Lflb {
    /// From `x` `[batch, time, length, channels]` to `[batch, time, pooled, filters]`.
    fn forward(&self, batch: usize, time: usize, x: &[f32]) -> (Buffer, usize) {
        let shape = self.packed.shape(batch, time);
        let input = [shape.conv_lstm.length, shape.conv_lstm.channels];
        let (rows, filters) = (batch * time * shape.pooled(), shape.conv_lstm.filters);
        let mut y = Buffer::recycled(rows * filters);
        self.packed.forward(batch, time, x, &mut y);
        if let Some(skip) = &self.skip {
            skip.add(x, input, [rows, filters], &mut y);
        }
        (y, time)
    }
}

impl Skip {
    /// Adds what `x`, segments of `[length, channels]`, skips to `y` `[rows, filters]`.
    fn add(&self, x: &[f32], segment: [usize; 2], [rows, filters]: [usize; 2], y: &mut [f32]) {
        let channels = segment[1];
        if self.pool == 1 {
            let x = MatrixView { data: x, stride: channels };
            return gemm::gemm_nn(rows, x, 0, &self.weight, y, filters, OutputMode::Accumulate);
        }
        let mut pooled = Buffer::recycled(rows * channels);
        max_pool(x, segment, self.pool, &mut pooled);
        let pooled = MatrixView { data: &pooled[..], stride: channels };
        gemm::gemm_nn(rows, pooled, 0, &self.weight, y, filters, OutputMode::Accumulate);
    }
}

/// Largest of `pool` neighbours along the length of each segment; the last window may be partial, and
/// a NaN wins as it does in [`reference::max_pool`](crate::reference::max_pool).
fn max_pool(x: &[f32], [length, channels]: [usize; 2], pool: usize, to: &mut [f32]) {
    // A window longer than the segment is the whole segment: no overflow for any `pool`.
    let window = pool.min(length) * channels;
    let windows = x.chunks_exact(length * channels).flat_map(|segment| segment.chunks(window));
    for (window, to) in windows.zip(to.chunks_exact_mut(channels)) {
        to.copy_from_slice(&window[..channels]);
        for row in window.chunks_exact(channels).skip(1) {
            for (to, x) in to.iter_mut().zip(row) {
                *to = if (*x > *to) | x.is_nan() { *x } else { *to };
            }
        }
    }
}
