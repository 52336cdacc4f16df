//! A head for a second question about the same utterances.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::init;

/// Sizes of a [`TaskHead`].
#[derive(Clone, Copy, Debug)]
pub struct TaskHeadConfig {
    /// Size of the deep feature.
    pub features: usize,
    /// Number of answers to tell apart.
    pub answers: usize,
    /// Whether the feature is to forget the answer: the gradient that reaches it is turned round (Ganin &
    /// Lempitsky, *Unsupervised Domain Adaptation by Backpropagation*, ICML 2015).
    pub adversarial: bool,
}

/// A linear layer over the deep feature, for training alone: a model file does not hold it.
#[derive(Module, Debug)]
pub struct TaskHead {
    /// `[features, answers]`
    pub class_weight: Param<Tensor<2>>,
    /// `[answers]`
    pub class_bias: Param<Tensor<1>>,
    #[module(skip)]
    adversarial: bool,
}

impl TaskHeadConfig {
    /// A head that finds all answers equally likely: nothing is drawn, the network's own start stays as it is.
    #[must_use]
    pub fn init(&self, device: &Device) -> TaskHead {
        TaskHead {
            class_weight: init::constant(0.0, [self.features, self.answers], device),
            class_bias: init::constant(0.0, [self.answers], device),
            adversarial: self.adversarial,
        }
    }
}

impl TaskHead {
    /// Logits of the answers.
    ///
    /// # Shapes
    /// - `features`: `[batch, features]`
    /// - output: `[batch, answers]`
    #[must_use]
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let features = match self.adversarial {
            // The value of `features`, the gradient of `-features`.
            true => features.clone().detach().mul_scalar(2.0) - features,
            false => features,
        };
        features.matmul(self.class_weight.val()) + self.class_bias.val().unsqueeze()
    }
}
