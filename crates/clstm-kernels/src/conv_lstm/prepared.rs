//! A layer prepared once for any number of inference calls.

use half::bf16;

use super::forward::infer;
use super::group::{OutputSink, StateSink, group_ranges, split};
use super::weights::Weights;
use super::{ConvLstmShape, InputNorm, Params};
use crate::{Precision, UTTERANCE_BLOCK};

/// A layer for inference: [`forward`](super::forward) without `keep`, its weights packed once.
#[derive(Debug)]
pub struct PreparedConvLstm {
    shape: ConvLstmShape,
    weights: AnyWeights,
}

#[derive(Debug)]
enum AnyWeights {
    F32(Weights<f32>),
    Bf16(Weights<bf16>),
}

impl PreparedConvLstm {
    /// Packs the weights; batch and time of `shape` do not matter. A fixed norm is folded into them.
    ///
    /// # Panics
    /// If a slice does not have the size given by `shape`, or the norm uses the statistics of the batch.
    #[must_use]
    pub fn new(shape: &ConvLstmShape, params: &Params<'_>, norm: InputNorm<'_>) -> Self {
        assert!(
            !matches!(norm, InputNorm::Batch { .. }),
            "statistics of a batch cannot be prepared"
        );
        let weights = match shape.precision {
            Precision::F32 => AnyWeights::F32(Weights::new(shape, params, &norm, false)),
            Precision::Bf16 => AnyWeights::Bf16(Weights::new(shape, params, &norm, false)),
        };
        Self { shape: *shape, weights }
    }

    /// The layer's sizes for a batch.
    #[must_use]
    pub fn shape(&self, batch: usize, time: usize) -> ConvLstmShape {
        ConvLstmShape { batch, time, ..self.shape }
    }

    /// Runs the layer over `x` `[B, T, L, C]` from zero states and writes `y` `[B, T, P, H]`.
    ///
    /// The result of an utterance is bit-identical alone and in any batch.
    ///
    /// # Panics
    /// If a slice does not have the size given by the shape.
    pub fn forward(&self, batch: usize, time: usize, x: &[f32], y: &mut [f32]) {
        let utterance = time * self.shape.positions() * self.shape.filters;
        assert_eq!(y.len(), batch * utterance, "y is [B, T, P, H]");
        if batch <= UTTERANCE_BLOCK {
            return self.run(batch, time, x, &mut [StateSink { time, y }]);
        }
        let parts = split(y, &group_ranges(batch), utterance).into_iter();
        let mut sinks: Vec<_> = parts.map(|y| StateSink { time, y }).collect();
        self.run(batch, time, x, &mut sinks);
    }

    /// [`PreparedConvLstm::forward`] with one sink for each of [`group_ranges`].
    pub(crate) fn run<S: OutputSink<f32> + OutputSink<bf16>>(
        &self,
        batch: usize,
        time: usize,
        x: &[f32],
        sinks: &mut [S],
    ) {
        let shape = self.shape(batch, time);
        match &self.weights {
            AnyWeights::F32(weights) => infer(&shape, x, weights, sinks),
            AnyWeights::Bf16(weights) => infer(&shape, x, weights, sinks),
        }
    }
}
