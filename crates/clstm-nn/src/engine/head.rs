//! The fully connected head.

use clstm_kernels::Buffer;
use clstm_kernels::panel::{self, Into, Panels, Rows};

use super::tensors::Tensors;
use crate::{NetworkConfig, NetworkError};

/// [`Head`](crate::Head).
#[derive(Debug)]
pub(super) struct Head {
    features: Linear,
    classes: Linear,
}

/// A fully connected layer.
#[derive(Debug)]
struct Linear {
    input: usize,
    /// `[input, outputs]`
    weight: Panels<f32>,
    /// `[outputs]`
    bias: Vec<f32>,
}

impl Head {
    pub(super) fn new(
        network: &NetworkConfig,
        input: usize,
        tensors: &mut Tensors<'_>,
    ) -> Result<Self, NetworkError> {
        let (features, classes) = (network.features, network.classes);
        Ok(Self {
            features: Linear::new("head.feature", [input, features], tensors)?,
            classes: Linear::new("head.class", [features, classes], tensors)?,
        })
    }

    pub(super) fn features(&self) -> usize {
        self.features.bias.len()
    }

    pub(super) fn classes(&self) -> usize {
        self.classes.bias.len()
    }

    /// From `x` `[batch, time, input]` to `features` `[batch, features]` and `logits`
    /// `[batch, classes]`.
    pub(super) fn forward(
        &self,
        batch: usize,
        time: usize,
        x: &[f32],
        features: &mut [f32],
        logits: &mut [f32],
    ) {
        let input = self.features.input;
        let mut mean = Buffer::zeros(batch * input);
        for (steps, mean) in x.chunks_exact(time * input).zip(mean.chunks_exact_mut(input)) {
            for step in steps.chunks_exact(input) {
                mean.iter_mut().zip(step).for_each(|(mean, x)| *mean += x);
            }
            mean.iter_mut().for_each(|mean| *mean /= time as f32);
        }
        self.features.forward(batch, &mean, features);
        // Not `max`, which would hide a NaN.
        features.iter_mut().for_each(|x| *x = if *x < 0.0 { 0.0 } else { *x });
        self.classes.forward(batch, features, logits);
    }
}

impl Linear {
    fn new(
        path: &str,
        [input, outputs]: [usize; 2],
        tensors: &mut Tensors<'_>,
    ) -> Result<Self, NetworkError> {
        let weight = tensors.take(&format!("{path}_weight"), &[input, outputs])?;
        let weight = Panels::pack([1, input, outputs], weight, [0, outputs, 1]);
        let bias = tensors.take(&format!("{path}_bias"), &[outputs])?.to_vec();
        Ok(Self { input, weight, bias })
    }

    /// From `x` `[rows, input]` to `y` `[rows, outputs]`.
    fn forward(&self, rows: usize, x: &[f32], y: &mut [f32]) {
        let outputs = self.bias.len();
        y.chunks_exact_mut(outputs).for_each(|y| y.copy_from_slice(&self.bias));
        let x = Rows { data: x, stride: self.input };
        panel::apply(rows, x, 0, &self.weight, y, outputs, Into::Add);
    }
}
