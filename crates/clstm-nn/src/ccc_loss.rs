//! The loss of continuous targets: the concordance correlation coefficient (CCC).

use burn::tensor::Tensor;

/// Added to the denominator, which is 0 where predictions and targets are the same constant.
const EPSILON: f64 = 1e-8;

/// Fewest known values of a dimension that have a correlation.
const FEWEST: f32 = 2.0;

/// `1 - CCC` of a batch, the mean over the dimensions.
///
/// ```text
/// CCC = 2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2)
/// ```
///
/// with means `m`, variances `s^2` and the covariance `s_xy` over the utterances whose value is known, each divided by
/// their number (Lin, *A Concordance Correlation Coefficient to Evaluate Reproducibility*, Biometrics 45, 1989,
/// <https://doi.org/10.2307/2532051>). The loss is 0 for equal values, 1 without correlation and 2 at most.
/// A dimension with fewer than two known values has no loss; `None` where that is the case for all of them.
///
/// It is the loss of a batch, not a mean over utterances: with small batches the moments are noisy and the loss is biased
/// against small deviations. Use 16 utterances or more.
///
/// # Shapes
/// - `predicted`, `targets`: `[batch, dimensions]`; the targets of unknown values do not matter, but must be finite
/// - `known`: `[batch, dimensions]`, 1 where the value is known and 0 elsewhere
/// - `counts`: known values of each dimension, the column sums of `known`
/// - output: `[1]`
#[must_use]
pub fn ccc_loss(
    predicted: Tensor<2>,
    targets: Tensor<2>,
    known: Tensor<2>,
    counts: &[f32],
) -> Option<Tensor<1>> {
    let used: Vec<usize> = (0..counts.len()).filter(|&d| counts[d] >= FEWEST).collect();
    let losses = used.iter().map(|&dimension| {
        let column = |tensor: &Tensor<2>| tensor.clone().narrow(1, dimension, 1);
        let (x, y, known) = (column(&predicted), column(&targets), column(&known)); // [B, 1]
        let mean = |tensor: Tensor<2>| (tensor * known.clone()).sum().div_scalar(counts[dimension]);
        let (mean_x, mean_y) = (mean(x.clone()), mean(y.clone())); // [1]
        let (x, y) = (x - mean_x.clone().unsqueeze(), y - mean_y.clone().unsqueeze());
        let covariance = mean(x.clone() * y.clone());
        let variances = mean(x.clone() * x) + mean(y.clone() * y);
        let shift = mean_x - mean_y;
        let denominator = variances + shift.clone() * shift + EPSILON;
        (covariance.mul_scalar(2.0) / denominator).neg() + 1.0
    });
    let sum = losses.reduce(|sum, loss| sum + loss)?;
    Some(sum.div_scalar(used.len() as f64))
}
