//! The fully connected head.

use clstm_kernels::Buffer;
use clstm_kernels::gemm::{GemmArgs, MatrixView, OutputMode, PackedWeights, gemm_nn};

use super::layer::relu;
use crate::tensors::Tensors;
use crate::{HeadConfig, NetworkError, TemporalPooling};

/// [`Head`](crate::Head).
#[derive(Debug)]
pub(super) struct Head {
    attention: Option<Attention>,
    features: Linear,
    classes: Linear,
}

/// [`Attention`](crate::Attention).
#[derive(Debug)]
struct Attention {
    hidden: Linear,
    /// `[hidden]`
    score: Vec<f32>,
}

/// A fully connected layer.
#[derive(Debug)]
pub(super) struct Linear {
    input: usize,
    /// `[input, outputs]`
    weight: PackedWeights<f32>,
    /// `[outputs]`
    bias: Vec<f32>,
}

impl Head {
    pub(super) fn new(
        path: &str,
        config: &HeadConfig,
        tensors: &mut Tensors<'_>,
    ) -> Result<Self, NetworkError> {
        let HeadConfig { input, features, classes, .. } = *config;
        let attention = match config.temporal_pooling {
            TemporalPooling::Mean => None,
            TemporalPooling::Attention { hidden } => Some(Attention {
                hidden: Linear::new(&format!("{path}.attention."), [input, hidden], tensors)?,
                score: tensors.take(&format!("{path}.attention.score"), &[hidden, 1])?.to_vec(),
            }),
        };
        Ok(Self {
            attention,
            features: Linear::new(&format!("{path}.feature_"), [input, features], tensors)?,
            classes: Linear::new(&format!("{path}.class_"), [features, classes], tensors)?,
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
        let weights = self.attention.as_ref().map(|attention| attention.weights(batch, time, x));
        let even = 1.0 / time as f32;
        let mut mean = Buffer::zeros(batch * input);
        let utterances = x.chunks_exact(time * input).zip(mean.chunks_exact_mut(input));
        for (utterance, (steps, mean)) in utterances.enumerate() {
            for (t, step) in steps.chunks_exact(input).enumerate() {
                let weight = weights.as_ref().map_or(even, |w| w[utterance * time + t]);
                mean.iter_mut().zip(step).for_each(|(mean, x)| *mean += weight * x);
            }
        }
        self.features.forward(batch, &mean, features);
        relu(features);
        self.classes.forward(batch, features, logits);
    }
}

impl Attention {
    /// Of each step of `x` `[batch, time, input]`; those of an utterance sum to one.
    fn weights(&self, batch: usize, time: usize, x: &[f32]) -> Buffer {
        let size = self.score.len();
        let mut hidden = Buffer::recycled(batch * time * size);
        self.hidden.forward(batch * time, x, &mut hidden);
        let mut weights = Buffer::recycled(batch * time);
        for (weight, hidden) in weights.iter_mut().zip(hidden.chunks_exact(size)) {
            *weight = hidden.iter().zip(&self.score).map(|(h, score)| h.tanh() * score).sum();
        }
        for weights in weights.chunks_exact_mut(time) {
            let most = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            weights.iter_mut().for_each(|weight| *weight = (*weight - most).exp());
            let sum: f32 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= sum);
        }
        weights
    }
}

impl Linear {
    /// The layer whose tensors are `{path}weight` and `{path}bias`.
    pub(super) fn new(
        path: &str,
        [input, outputs]: [usize; 2],
        tensors: &mut Tensors<'_>,
    ) -> Result<Self, NetworkError> {
        let weight = tensors.take(&format!("{path}weight"), &[input, outputs])?;
        let weight = PackedWeights::pack([1, input, outputs], weight, [0, outputs, 1]);
        let bias = tensors.take(&format!("{path}bias"), &[outputs])?.to_vec();
        Ok(Self { input, weight, bias })
    }

    /// Values of a row of the output.
    pub(super) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// From `x` `[rows, input]` to `y` `[rows, outputs]`.
    pub(super) fn forward(&self, rows: usize, x: &[f32], y: &mut [f32]) {
        let outputs = self.bias.len();
        y.chunks_exact_mut(outputs).for_each(|y| y.copy_from_slice(&self.bias));
        gemm_nn(GemmArgs {
            a: MatrixView::contiguous(x, rows, self.input),
            tap_stride: 0,
            weights: &self.weight,
            out: y,
            out_stride: outputs,
            mode: OutputMode::Accumulate,
        });
    }
}
