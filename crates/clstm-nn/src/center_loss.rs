//! Softmax loss and centre loss (Eq. 12-14).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};

use crate::init;

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

/// Sizes of a [`CenterLoss`].
#[derive(Clone, Copy, Debug)]
pub struct CenterLossConfig {
    /// Number of classes.
    pub classes: usize,
    /// Size of the deep feature.
    pub features: usize,
}

/// `L_c = 1/2 sum ||x_i - c_{y_i}||^2` with centres that learn by gradient (Eq. 13).
///
/// Wen et al., *A Discriminative Feature Learning Approach for Deep Face Recognition*, ECCV 2016.
#[derive(Module, Debug)]
pub struct CenterLoss {
    /// One centre a class `[classes, features]`.
    pub centers: Param<Tensor<2>>,
}

impl CenterLossConfig {
    /// Centres at the origin.
    #[must_use]
    pub fn init(&self, device: &Device) -> CenterLoss {
        CenterLoss { centers: init::constant(0.0, [self.classes, self.features], device) }
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
