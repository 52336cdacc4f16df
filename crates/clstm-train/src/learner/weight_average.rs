//! The exponential moving average of a network's weights over the steps (Polyak & Juditsky 1992; as in Tarvainen & Valpola,
//! NeurIPS 2017, <https://arxiv.org/abs/1703.01780>).

use clstm_nn::{NamedTensor, Network, parameters};

/// An average of all tensors of a network, running statistics included.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WeightAverage {
    decay: f64,
    /// In the order of [`parameters`].
    pub(super) values: Vec<Vec<f32>>,
}

impl WeightAverage {
    /// Begins at the weights of `network`; `decay` is that of [`WeightAverageConfig`](crate::WeightAverageConfig).
    pub(super) fn new(decay: f64, network: &Network) -> Self {
        let values = parameters(network).into_iter().map(|tensor| tensor.values).collect();
        Self { decay, values }
    }

    /// Averages in the weights after step `step_index`, which counts from 1.
    pub(super) fn update(&mut self, network: &Network, step_index: u64) {
        let step = step_index as f64;
        let share = 1.0 - self.decay.min((1.0 + step) / (10.0 + step));
        for (average, tensor) in self.values.iter_mut().zip(parameters(network)) {
            for (average, value) in average.iter_mut().zip(tensor.values) {
                // Equal values stay as they are, also negative zeros: a frozen layer keeps its bits.
                if value != *average {
                    *average += (share * f64::from(value - *average)) as f32;
                }
            }
        }
    }

    /// The same tensors with the values of the average.
    pub(super) fn replace(&self, tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
        let averaged = tensors.into_iter().zip(&self.values);
        averaged.map(|(tensor, values)| NamedTensor { values: values.clone(), ..tensor }).collect()
    }
}
