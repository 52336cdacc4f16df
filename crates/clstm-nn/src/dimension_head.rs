//! The head for continuous targets (dimensions of emotion), such as arousal and valence.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::{BranchSpan, ParameterRole, Roles, WithRoles, init};

/// Settings of a [`DimensionHead`].
#[derive(Clone, Debug)]
pub struct DimensionHeadConfig {
    /// Size of each branch's deep feature; the head's input is all of them, concatenated.
    pub features: Vec<usize>,
    /// Number of dimensions.
    pub dimensions: usize,
}

/// A linear layer from the deep feature to continuous values in units of their deviation: the mean of the training
/// data is 0 and its standard deviation 1.
#[derive(Module, Debug)]
pub struct DimensionHead {
    /// `[features, dimensions]`
    pub weight: Param<Tensor<2>>,
    /// `[dimensions]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    features: Vec<usize>,
}

impl DimensionHeadConfig {
    /// A head of zeros, which predicts the mean. It draws no random numbers, so that the other initial weights are those
    /// of a network without dimensions.
    #[must_use]
    pub fn init(&self, device: &Device) -> DimensionHead {
        let features = self.features.iter().sum();
        DimensionHead {
            weight: init::constant(0.0, [features, self.dimensions], device),
            bias: init::constant(0.0, [self.dimensions], device),
            features: self.features.clone(),
        }
    }
}

impl DimensionHead {
    /// The predicted values.
    ///
    /// # Shapes
    /// - `features`: `[batch, features]`
    /// - output: `[batch, dimensions]`
    #[must_use]
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        features.matmul(self.weight.val()) + self.bias.val().unsqueeze()
    }
}

impl WithRoles for DimensionHead {
    fn add_roles(&self, roles: &mut Roles) {
        // The rows of a branch are the weights of its features; the bias, which is of all, counts with the first.
        let [_, dimensions] = self.weight.dims();
        let rows = self.features.iter().map(|features| features * dimensions).collect();
        let weight = ParameterRole::decayed().dimension_specific().across(BranchSpan::Runs(rows));
        roles.add(&self.weight, weight);
        roles.add(&self.bias, ParameterRole::vector().dimension_specific());
    }
}
