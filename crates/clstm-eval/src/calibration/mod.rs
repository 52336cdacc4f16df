//! Calibration of confidences: temperatures, Platt scaling, calibration errors, risk and coverage.
//!
//! Logits are divided by a temperature before the softmax (Guo et al., *On Calibration of Modern Neural
//! Networks*, 2017), and the largest probability is scaled once more for itself ([`clstm::PlattScaling`]), which
//! moves the confidence and never the predicted class. [`fit_scaling`] finds both,
//! [`Reliability`] measures how well probabilities then match frequencies, [`RiskCoverage`] how the errors
//! fall as predictions of low confidence are withheld, and [`RunCalibration`] does all of this over the folds of a
//! cross-validation without using the labels that it is judged by.

mod folds;
mod platt;
mod reliability;
mod risk;
mod temperature;

pub use folds::{FoldPredictions, FoldScaling, HeldOutScaling, RunCalibration};
pub use platt::{fit_scaling, fit_top_label};
pub use reliability::{ECE_BINS, Reliability, ReliabilityBin};
pub use risk::{RiskCoverage, recommended_threshold};
pub use temperature::{TEMPERATURES, fit_temperature};

#[cfg(test)]
mod test_support;
