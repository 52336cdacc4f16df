//! Batch normalisation: statistics, affine map and gradient coefficients, all per channel.
//!
//! The layers that normalise share these types: the input-to-state term of
//! [`conv_lstm`](crate::conv_lstm), [`norm_pool`](crate::norm_pool) and [`lflb`](crate::lflb).
//! Batch normalisation: Ioffe & Szegedy 2015, <https://arxiv.org/abs/1502.03167>.

mod accumulator;
mod gradient;
mod moments;

pub(crate) use accumulator::{MomentAccumulator, merge_groups};
pub(crate) use gradient::{BnGradCoeffs, gradient_sums};
pub(crate) use moments::Moments;

/// Mean and variance of each channel over a batch, for the caller's running averages.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Mean, `[channels]`.
    pub mean: Vec<f32>,
    /// Biased variance (divided by the number of values), `[channels]`.
    pub variance: Vec<f32>,
}

impl Statistics {
    /// Rounds moments computed in `f64`.
    pub(crate) fn rounded(mean: &[f64], variance: &[f64]) -> Self {
        let round = |values: &[f64]| values.iter().map(|v| *v as f32).collect();
        Self { mean: round(mean), variance: round(variance) }
    }
}

/// The affine map of each channel, `(x - mean) * scale + shift`.
#[derive(Debug)]
pub(crate) struct Affine {
    pub(crate) mean: Vec<f32>,
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
}

impl Affine {
    /// Normalises by `mean` and `rstd` (`1 / sqrt(variance + epsilon)`), then scales by `gamma` and
    /// shifts by `beta`.
    pub(crate) fn new(mean: &[f32], rstd: &[f32], gamma: &[f32], beta: &[f32]) -> Self {
        let scale = gamma.iter().zip(rstd).map(|(g, r)| g * r).collect();
        Self { mean: mean.to_vec(), scale, shift: beta.to_vec() }
    }

    /// Adds `shift` only.
    pub(crate) fn shift_only(shift: &[f32]) -> Self {
        Self { mean: vec![0.0; shift.len()], scale: vec![1.0; shift.len()], shift: shift.to_vec() }
    }
}

/// `1 / sqrt(variance + epsilon)` of each channel, rounded once.
pub(crate) fn reciprocal_deviation(variance: impl Iterator<Item = f64>, epsilon: f32) -> Vec<f32> {
    variance.map(|v| (v + f64::from(epsilon)).sqrt().recip() as f32).collect()
}
