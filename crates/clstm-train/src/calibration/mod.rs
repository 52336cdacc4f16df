//! Confidence that means something: temperatures, calibration errors, and the risk of answering.
//!
//! Logits are divided by a temperature before the softmax (Guo et al., *On Calibration of Modern Neural
//! Networks*, 2017), and the largest probability is scaled once more for itself ([`clstm::PlattScaling`]), which
//! moves the confidence and never the answer. [`fit_scaling`] finds both,
//! [`Reliability`] says how well probabilities then match frequencies, [`RiskCoverage`] how the errors
//! fall as less sure answers are withheld, and [`RunCalibration`] does all of this over the folds of a
//! cross-validation without using the labels that it is judged by.

mod folds;
mod held_out;
mod reliability;
mod risk;
mod temperature;
mod top_label;

pub(crate) use folds::FoldPredictions;
pub use folds::{FoldScaling, HeldOutScaling, RunCalibration};
pub(crate) use held_out::{fit_held_out, hold_out};
pub use reliability::{ECE_BINS, Reliability, ReliabilityBin};
pub use risk::{RiskCoverage, recommended_threshold};
pub use temperature::{TEMPERATURES, fit_temperature};
pub use top_label::{fit_scaling, fit_top_label};

#[cfg(test)]
mod support;
