use burn::tensor::{Tensor, TensorData};

use crate::rng::Rng;

/// Dropout whose masks are a function of a seed: a resumed training draws the same ones.
///
/// Srivastava et al., JMLR 15 (2014), scaled while training so that nothing changes at inference.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    /// Probability that a value is dropped.
    pub probability: f64,
}

impl Dropout {
    /// Drops values of `x`, any shape.
    #[must_use]
    pub fn forward<const D: usize>(&self, x: Tensor<D>, seed: u64) -> Tensor<D> {
        if self.probability == 0.0 {
            return x;
        }
        let shape = x.shape();
        let keep = 1.0 - self.probability;
        let mut random = Rng::new(seed);
        let mask: Vec<f32> = (0..shape.num_elements())
            .map(|_| if random.unit() < keep { (1.0 / keep) as f32 } else { 0.0 })
            .collect();
        let mask = Tensor::<D>::from_data(TensorData::new(mask, shape), &x.device());
        x * mask
    }
}
