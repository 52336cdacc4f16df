//! A block's weights, packed once for any number of calls.

use super::pool::PoolSink;
use super::{LflbShape, OutputNorm};
use crate::UTTERANCE_BLOCK;
use crate::conv_lstm::group::{group_ranges, split};
use crate::conv_lstm::{self, InputNorm, Params};
use crate::norm_pool::pool::Affine;

/// A block that only runs forward, by running statistics: [`forward`](super::forward) without
/// packing its weights anew.
#[derive(Debug)]
pub struct PreparedLflb {
    layer: conv_lstm::PreparedConvLstm,
    affine: Affine,
    pool: usize,
}

impl PreparedLflb {
    /// Packs the weights; `shape`'s batch and time do not matter.
    ///
    /// # Panics
    /// If a slice does not have the size that `shape` asks for, or a norm is one of the batch.
    #[must_use]
    pub fn new(
        shape: &LflbShape,
        params: &Params<'_>,
        input_norm: InputNorm<'_>,
        output_norm: OutputNorm<'_>,
    ) -> Self {
        shape.check_norm(&output_norm);
        let affine = output_norm.affine().expect("packed weights hold no norm of a batch");
        let layer = conv_lstm::PreparedConvLstm::new(&shape.conv_lstm, params, input_norm);
        Self { layer, affine, pool: shape.pool }
    }

    /// The block's sizes for a batch.
    #[must_use]
    pub fn shape(&self, batch: usize, time: usize) -> LflbShape {
        LflbShape { conv_lstm: self.layer.shape(batch, time), pool: self.pool }
    }

    /// Runs the block over `x` `[B, T, L, C]` from zero states and writes `y` `[B, T, Q, H]`.
    ///
    /// An utterance's result is the same, to the last bit, alone and among others.
    ///
    /// # Panics
    /// If a slice does not have the size that the shape asks for.
    pub fn forward(&self, batch: usize, time: usize, x: &[f32], y: &mut [f32]) {
        let (shape, affine) = (&self.shape(batch, time), &self.affine);
        shape.check_output(y);
        if batch <= UTTERANCE_BLOCK {
            return self.layer.run(batch, time, x, &mut [PoolSink { shape, affine, y }]);
        }
        let parts = split(y, &group_ranges(batch), shape.utterance()).into_iter();
        let mut sinks: Vec<_> = parts.map(|y| PoolSink { shape, affine, y }).collect();
        self.layer.run(batch, time, x, &mut sinks);
    }
}
