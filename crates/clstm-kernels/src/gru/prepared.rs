//! A layer prepared once for any number of inference calls.

use half::bf16;

use super::forward::{Biases, Weights, forward_packed};
use super::{BiGruShape, DirectionParams};
use crate::Precision;

/// A layer for inference: [`forward`](super::forward) without `keep`, its weights packed once.
#[derive(Debug)]
pub struct PreparedBiGru {
    shape: BiGruShape,
    weights: AnyWeights,
    /// `b` and `b_hn` of both directions.
    biases: [(Vec<f32>, Vec<f32>); 2],
}

#[derive(Debug)]
enum AnyWeights {
    F32([Weights<f32>; 2]),
    Bf16([Weights<bf16>; 2]),
}

impl PreparedBiGru {
    /// Packs the weights; batch and time of `shape` do not matter.
    ///
    /// # Panics
    /// If another size is 0, a slice does not have the length given by the shape, or `b_hn` is present
    /// with [`Reset::Before`](super::Reset::Before) or missing with
    /// [`Reset::After`](super::Reset::After).
    #[must_use]
    pub fn new(shape: &BiGruShape, params: [DirectionParams<'_>; 2]) -> Self {
        shape.check_params(&params);
        let weights = match shape.precision {
            Precision::F32 => AnyWeights::F32(params.map(|p| Weights::new(shape, &p))),
            Precision::Bf16 => AnyWeights::Bf16(params.map(|p| Weights::new(shape, &p))),
        };
        let biases = params.map(|p| (p.b.to_vec(), p.b_hn.unwrap_or_default().to_vec()));
        Self { shape: *shape, weights, biases }
    }

    /// The layer's sizes for a batch.
    #[must_use]
    pub fn shape(&self, batch: usize, time: usize) -> BiGruShape {
        BiGruShape { batch, time, ..self.shape }
    }

    /// Runs both directions over `x` `[B, T, F]` from zero states and writes `y` `[B, T, 2H]`: the
    /// forward direction, then the backward one, each at its own time index.
    ///
    /// The result of an utterance is bit-identical alone and in any batch.
    ///
    /// # Panics
    /// If a slice does not have the length given by the shape.
    pub fn forward(&self, batch: usize, time: usize, x: &[f32], y: &mut [f32]) {
        let shape = self.shape(batch, time);
        shape.check_data(x, y);
        let biases = self.biases.each_ref().map(|(b, b_hn)| Biases { b, b_hn });
        match &self.weights {
            AnyWeights::F32(weights) => drop(forward_packed(&shape, x, weights, biases, y, false)),
            AnyWeights::Bf16(weights) => {
                drop(forward_packed(&shape, x, weights, biases, y, false));
            }
        }
    }
}
