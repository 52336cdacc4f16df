//! A head for an auxiliary task: a second label of the same utterances, in training alone.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::{BranchSpan, ParameterRole, Roles, WithRoles, init};

/// Settings of an [`AuxiliaryHead`].
#[derive(Clone, Debug)]
pub struct AuxiliaryHeadConfig {
    /// Size of each branch's deep feature; the head's input is all of them, concatenated.
    pub features: Vec<usize>,
    /// Number of classes of the task.
    pub classes: usize,
    /// Whether the gradient into the feature is reversed, so that the feature becomes uninformative about the task
    /// (Ganin & Lempitsky, *Unsupervised Domain Adaptation by Backpropagation*, ICML 2015).
    pub gradient_reversal: bool,
}

/// A linear layer over the deep feature, for training alone: a model file does not hold it.
#[derive(Module, Debug)]
pub struct AuxiliaryHead {
    /// `[features, classes]`
    pub class_weight: Param<Tensor<2>>,
    /// `[classes]`
    pub class_bias: Param<Tensor<1>>,
    #[module(skip)]
    features: Vec<usize>,
    #[module(skip)]
    gradient_reversal: bool,
}

impl AuxiliaryHeadConfig {
    /// A head of zeros, for which all classes are equally likely. It draws no random numbers, so that the network's
    /// initial weights are those of a training without the task.
    #[must_use]
    pub fn init(&self, device: &Device) -> AuxiliaryHead {
        let features = self.features.iter().sum();
        AuxiliaryHead {
            class_weight: init::constant(0.0, [features, self.classes], device),
            class_bias: init::constant(0.0, [self.classes], device),
            features: self.features.clone(),
            gradient_reversal: self.gradient_reversal,
        }
    }
}

impl AuxiliaryHead {
    /// Logits of the task's classes.
    ///
    /// # Shapes
    /// - `features`: `[batch, features]`
    /// - output: `[batch, classes]`
    #[must_use]
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let features = match self.gradient_reversal {
            // The value of `features`, the gradient of `-features`.
            true => features.clone().detach().mul_scalar(2.0) - features,
            false => features,
        };
        features.matmul(self.class_weight.val()) + self.class_bias.val().unsqueeze()
    }
}

impl WithRoles for AuxiliaryHead {
    fn add_roles(&self, roles: &mut Roles) {
        // The rows of a branch are the weights of its features; the bias, which is of all, counts with the first.
        let [_, classes] = self.class_weight.dims();
        let rows = self.features.iter().map(|features| features * classes).collect();
        let weight = ParameterRole::decayed().class_specific().across(BranchSpan::Runs(rows));
        roles.add(&self.class_weight, weight);
        roles.add(&self.class_bias, ParameterRole::vector().class_specific());
    }
}
