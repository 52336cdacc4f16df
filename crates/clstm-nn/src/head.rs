//! The fully connected head.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};

use crate::seed::SeedPurpose;
use crate::{Dropout, Mode, ParameterRole, Roles, TemporalPooling, WeightInit, WithRoles, init};

/// A [`Head`] and its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadConfig {
    /// Features of a step.
    pub input: usize,
    /// Size of the deep feature.
    pub features: usize,
    /// Number of classes.
    pub classes: usize,
    /// Dropout on the deep feature.
    pub dropout: f64,
    /// How the steps become one vector.
    pub temporal_pooling: TemporalPooling,
}

/// Deep features and logits of a batch.
#[derive(Clone, Debug)]
pub struct Output {
    /// The deep feature `[batch, features]`, which the centre loss pulls to its class.
    pub features: Tensor<2>,
    /// `[batch, classes]`; the softmax of them are the probabilities.
    pub logits: Tensor<2>,
}

impl Output {
    /// The output of several branches: their deep features concatenated, the mean of their logits.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn combine(mut branches: Vec<Self>) -> Self {
        if branches.len() == 1 {
            return branches.swap_remove(0);
        }
        let count = branches.len() as f64;
        let features = branches.iter().map(|branch| branch.features.clone()).collect();
        let logits = branches.into_iter().map(|branch| branch.logits);
        let sum = logits.reduce(|sum, logits| sum + logits).expect("a network has a branch");
        Self { features: Tensor::cat(features, 1), logits: sum.div_scalar(count) }
    }
}

/// Attention over the steps of an utterance.
#[derive(Module, Debug)]
pub struct Attention {
    /// `[input, hidden]`
    pub weight: Param<Tensor<2>>,
    /// `[hidden]`
    pub bias: Param<Tensor<1>>,
    /// `[hidden, 1]`
    pub score: Param<Tensor<2>>,
}

impl Attention {
    /// The weighted mean over time.
    ///
    /// # Shapes
    /// - `x`: `[batch, time, input]`
    /// - output: `[batch, input]`
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let [batch, time, input] = x.dims();
        let rows = x.clone().reshape([batch * time, input]);
        let hidden = (rows.matmul(self.weight.val()) + self.bias.val().unsqueeze()).tanh();
        let scores = hidden.matmul(self.score.val()).reshape([batch, time]);
        let weights = activation::softmax(scores, 1).reshape([batch, time, 1]);
        (x * weights).sum_dim(1).reshape([batch, input])
    }
}

/// Mean over time, weighted or not, FC with ReLU (the deep feature), FC to the logits.
#[derive(Module, Debug)]
pub struct Head {
    /// Weights of the steps, where they have different ones.
    pub attention: Option<Attention>,
    /// `[input, features]`
    pub feature_weight: Param<Tensor<2>>,
    /// `[features]`
    pub feature_bias: Param<Tensor<1>>,
    /// `[features, classes]`
    pub class_weight: Param<Tensor<2>>,
    /// `[classes]`
    pub class_bias: Param<Tensor<1>>,
    #[module(skip)]
    dropout: Dropout,
}

impl HeadConfig {
    /// Draws the initial weights.
    #[must_use]
    pub fn init(&self, initializer: &mut WeightInit, device: &Device) -> Head {
        let Self { input, features, classes, dropout, temporal_pooling } = *self;
        let attention = match temporal_pooling {
            TemporalPooling::Mean => None,
            TemporalPooling::Attention { hidden } => Some(Attention {
                weight: initializer.glorot([input, hidden], input, hidden, device),
                bias: init::constant(0.0, [hidden], device),
                score: initializer.glorot([hidden, 1], hidden, 1, device),
            }),
        };
        Head {
            attention,
            feature_weight: initializer.glorot([input, features], input, features, device),
            feature_bias: init::constant(0.0, [features], device),
            class_weight: initializer.glorot([features, classes], features, classes, device),
            class_bias: init::constant(0.0, [classes], device),
            dropout: Dropout { probability: dropout },
        }
    }
}

impl Head {
    /// # Shapes
    /// - `x`: `[batch, time, input]`
    #[must_use]
    pub fn forward(&self, x: Tensor<3>, mode: Mode) -> Output {
        let [batch, _, input] = x.dims();
        let pooled = match &self.attention {
            Some(attention) => attention.forward(x),
            None => x.mean_dim(1).reshape([batch, input]),
        };
        let hidden = pooled.matmul(self.feature_weight.val()) + self.feature_bias.val().unsqueeze();
        let features = activation::relu(hidden); // [B, features]
        let kept = match mode.seed() {
            Some(seed) => {
                self.dropout.forward(features.clone(), SeedPurpose::HeadDropout.derive(seed))
            }
            None => features.clone(),
        };
        let logits = self.classify(kept);
        Output { features, logits }
    }

    /// The logits of a deep feature.
    ///
    /// # Shapes
    /// - `features`: `[batch, features]`
    /// - output: `[batch, classes]`
    #[must_use]
    pub fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        features.matmul(self.class_weight.val()) + self.class_bias.val().unsqueeze()
    }
}

impl WithRoles for Head {
    fn add_roles(&self, roles: &mut Roles) {
        let matrix = |weight: &Param<Tensor<2>>| {
            let [rows, columns] = weight.dims();
            ParameterRole::matrices(rows, columns)
        };
        if let Some(attention) = &self.attention {
            roles.add(&attention.weight, matrix(&attention.weight));
            roles.add(&attention.bias, ParameterRole::vector());
            roles.add(&attention.score, ParameterRole::decayed());
        }
        roles.add(&self.feature_weight, matrix(&self.feature_weight));
        roles.add(&self.feature_bias, ParameterRole::vector());
        roles.add(&self.class_weight, ParameterRole::decayed().class_specific());
        roles.add(&self.class_bias, ParameterRole::vector().class_specific());
    }
}
