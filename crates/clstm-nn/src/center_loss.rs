//! Softmax loss and centre loss (Eq. 12-14).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};

use crate::{BranchSpan, ParameterRole, Roles, WithRoles, init};

/// Softmax loss, summed over the batch (Eq. 12 in its standard form; the printed denominator repeats
/// the numerator's index).
///
/// # Shapes
/// - `logits`: `[batch, classes]`
/// - `targets`: `[batch, classes]`, rows that sum to one: one-hot, smoothed or mixed
/// - output: `[1]`
#[must_use]
pub fn softmax_loss(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    (activation::log_softmax(logits, 1) * targets).sum().neg()
}

/// Settings of a [`CenterLoss`].
#[derive(Clone, Debug)]
pub struct CenterLossConfig {
    /// Number of classes.
    pub classes: usize,
    /// Size of each branch's deep feature; the centres are in the space of all of them, concatenated.
    pub features: Vec<usize>,
}

/// `L_c = 1/2 sum ||x_i - c_{y_i}||^2` with centres that learn by gradient (Eq. 13).
///
/// Wen et al., *A Discriminative Feature Learning Approach for Deep Face Recognition*, ECCV 2016.
#[derive(Module, Debug)]
pub struct CenterLoss {
    /// One centre a class `[classes, features]`.
    pub centers: Param<Tensor<2>>,
    #[module(skip)]
    features: Vec<usize>,
}

impl CenterLossConfig {
    /// Centres at the origin.
    #[must_use]
    pub fn init(&self, device: &Device) -> CenterLoss {
        let features = self.features.iter().sum();
        CenterLoss {
            centers: init::constant(0.0, [self.classes, features], device),
            features: self.features.clone(),
        }
    }
}

impl CenterLoss {
    /// The loss summed over the batch; add `lambda` times it to the softmax loss (Eq. 14).
    ///
    /// # Shapes
    /// - `features`: `[batch, features]`
    /// - `targets`: `[batch, classes]`, one-hot
    /// - output: `[1]`
    #[must_use]
    pub fn forward(&self, features: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        let own_center = targets.matmul(self.centers.val()); // [B, features]
        let distance = features - own_center;
        (distance.clone() * distance).sum().mul_scalar(0.5)
    }
}

impl WithRoles for CenterLoss {
    fn add_roles(&self, roles: &mut Roles) {
        // The columns of a branch are the centres of its features.
        let columns = BranchSpan::Runs(self.features.clone());
        roles.add(&self.centers, ParameterRole::vector().class_specific().across(columns));
    }
}
