//! A block prepared once for any number of inference calls.

use super::pool::PoolSink;
use super::{LflbShape, OutputNorm};
use crate::UTTERANCE_BLOCK;
use crate::conv_lstm::group::{group_ranges, split};
use crate::conv_lstm::{InputNorm, Params, PreparedConvLstm};
use crate::max_pool::PooledAffine;

/// A block for inference: [`forward`](super::forward) with running statistics, its weights packed
/// once.
#[derive(Debug)]
pub struct PreparedLflb {
    layer: PreparedConvLstm,
    map: PooledAffine,
    pool: usize,
}

impl PreparedLflb {
    /// Packs the weights; batch and time of `shape` do not matter.
    ///
    /// # Panics
    /// If a slice does not have the size given by `shape`, or a norm uses the statistics of the batch.
    #[must_use]
    pub fn new(
        shape: &LflbShape,
        params: &Params<'_>,
        input_norm: InputNorm<'_>,
        output_norm: OutputNorm<'_>,
    ) -> Self {
        shape.check_norm(&output_norm);
        let map = output_norm.map().expect("statistics of a batch cannot be prepared");
        let layer = PreparedConvLstm::new(&shape.conv_lstm, params, input_norm);
        Self { layer, map, pool: shape.pool }
    }

    /// The block's sizes for a batch.
    #[must_use]
    pub fn shape(&self, batch: usize, time: usize) -> LflbShape {
        LflbShape { conv_lstm: self.layer.shape(batch, time), pool: self.pool }
    }

    /// Runs the block over `x` `[B, T, L, C]` from zero states and writes `y` `[B, T, Q, H]`.
    ///
    /// The result of an utterance is bit-identical alone and in any batch.
    ///
    /// # Panics
    /// If a slice does not have the size given by the shape.
    pub fn forward(&self, batch: usize, time: usize, x: &[f32], y: &mut [f32]) {
        let (shape, map) = (&self.shape(batch, time), &self.map);
        shape.check_output(y);
        if batch <= UTTERANCE_BLOCK {
            return self.layer.run(batch, time, x, &mut [PoolSink { shape, map, y }]);
        }
        let parts = split(y, &group_ranges(batch), shape.utterance()).into_iter();
        let mut sinks: Vec<_> = parts.map(|y| PoolSink { shape, map, y }).collect();
        self.layer.run(batch, time, x, &mut sinks);
    }
}
