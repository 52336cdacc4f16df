//! A local feature learning block and its skip connection.

use clstm_kernels::conv_lstm::{ConvLstmShape, InputNorm, Params, Peepholes as KernelPeepholes};
use clstm_kernels::gemm::{self, MatrixView, OutputMode, PackedWeights};
use clstm_kernels::lflb::{self, OutputNorm};
use clstm_kernels::{Buffer, conv_lstm};

use crate::norm_pool::EPSILON;
use crate::tensors::Tensors;
use crate::{LflbConfig, NetworkConfig, NetworkError, Peepholes, Precision};

/// [`Lflb`](crate::Lflb).
#[derive(Debug)]
pub(super) struct Block {
    packed: lflb::PreparedLflb,
    skip: Option<Skip>,
}

/// [`Skip`](crate::Skip), which is in `f32` whatever the recurrent layers are in.
#[derive(Debug)]
struct Skip {
    /// `[channels, filters]`
    weight: PackedWeights<f32>,
    pool: usize,
}

/// The kernel's sizes of a ConvLSTM over inputs of `length` and `channels`, for no batch yet.
pub(super) fn kernel_shape(
    block: &LflbConfig,
    (length, channels): (usize, usize),
    precision: Precision,
) -> ConvLstmShape {
    ConvLstmShape {
        batch: 0,
        time: 0,
        channels,
        length,
        filters: block.filters,
        kernel_input: block.kernel_input,
        kernel_state: block.kernel_state,
        stride: block.stride,
        peepholes: match block.peepholes {
            Peepholes::None => KernelPeepholes::None,
            Peepholes::Channel => KernelPeepholes::Channel,
            Peepholes::Full => KernelPeepholes::Full,
        },
        precision: precision.into(),
    }
}

/// The parameters of the ConvLSTM at `path`, and its norm.
pub(super) fn conv_lstm_tensors<'a>(
    path: &str,
    block: &LflbConfig,
    shape: &ConvLstmShape,
    tensors: &mut Tensors<'a>,
) -> Result<(Params<'a>, InputNorm<'a>), NetworkError> {
    let (h, gates) = (shape.filters, 4 * shape.filters);
    let mut take = |name, sizes: &[usize]| tensors.take(&format!("{path}.{name}"), sizes);
    let params = Params {
        w_x: take("w_x", &[gates, shape.channels, shape.kernel_input])?,
        w_h: take("w_h", &[gates, h, shape.kernel_state])?,
        bias: take("bias", &[gates])?,
        peephole: match block.peepholes {
            Peepholes::None => &[],
            Peepholes::Channel => take("peephole", &[3, h, 1])?,
            Peepholes::Full => take("peephole", &[3, h, shape.positions()])?,
        },
    };
    if !block.input_norm {
        return Ok((params, InputNorm::None));
    }
    let norm = InputNorm::Fixed {
        gamma: take("gamma", &[gates])?,
        mean: take("statistics.mean", &[gates])?,
        variance: take("statistics.variance", &[gates])?,
        epsilon: EPSILON,
    };
    Ok((params, norm))
}

impl Block {
    pub(super) fn new(
        network: &NetworkConfig,
        index: usize,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let (block, path) = (&network.blocks[index], format!("lflbs.{index}"));
        let (input, filters) = (network.block_input(index), block.filters);
        let layer = kernel_shape(block, input, precision);
        let (params, input_norm) =
            conv_lstm_tensors(&format!("{path}.conv_lstm"), block, &layer, tensors)?;
        let mut take = |name: &str| tensors.take(&format!("{path}.norm_pool.{name}"), &[filters]);
        let output_norm = OutputNorm {
            gamma: take("gamma")?,
            beta: take("beta")?,
            running: Some((take("statistics.mean")?, take("statistics.variance")?)),
            epsilon: EPSILON,
        };
        let skip = if network.skip && index > 0 {
            let weight = tensors.take(&format!("{path}.skip.weight"), &[input.1, filters])?;
            let weight = PackedWeights::pack([1, input.1, filters], weight, [0, filters, 1]);
            Some(Skip { weight, pool: block.stride * block.pool })
        } else {
            None
        };
        let shape = lflb::LflbShape { conv_lstm: layer, pool: block.pool };
        Ok(Self { packed: lflb::PreparedLflb::new(&shape, &params, input_norm, output_norm), skip })
    }

    /// From `x` `[batch, time, length, channels]` to `[batch, time, pooled, filters]`.
    pub(super) fn forward(&self, batch: usize, time: usize, x: &[f32]) -> Buffer {
        let shape = self.packed.shape(batch, time);
        let conv_lstm::ConvLstmShape { length, channels, filters, .. } = shape.conv_lstm;
        let rows = batch * time * shape.pooled();
        let mut y = Buffer::recycled(rows * filters);
        self.packed.forward(batch, time, x, &mut y);
        if let Some(skip) = &self.skip {
            skip.add(x, [length, channels], [rows, filters], &mut y);
        }
        y
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
