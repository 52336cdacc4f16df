//! Local feature learning blocks and their skip connections.

use clstm_kernels::gemm::{GemmArgs, MatrixView, OutputMode, PackedWeights, gemm_nn};
use clstm_kernels::lflb::{LflbShape, OutputNorm, PreparedLflb};
use clstm_kernels::{Buffer, max_pool};

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
    /// Adds the skip connection of `x`, time steps of `[length, channels]`, to `y` `[rows, filters]`.
    fn add(&self, x: &[f32], step: [usize; 2], [rows, filters]: [usize; 2], y: &mut [f32]) {
        let channels = step[1];
        let mut pooled = None;
        if self.pool > 1 {
            max_pool(x, step, self.pool, pooled.insert(Buffer::recycled(rows * channels)));
        }
        gemm_nn(GemmArgs {
            a: MatrixView::contiguous(pooled.as_deref().unwrap_or(x), rows, channels),
            tap_stride: 0,
            weights: &self.weight,
            out: y,
            out_stride: filters,
            mode: OutputMode::Accumulate,
        });
    }
}
