//! Confidence that means something: temperatures, calibration errors, and the risk of answering.
//!
//! Logits are divided by a temperature before the softmax (Guo et al., *On Calibration of Modern Neural
//! Networks*, 2017), which moves the confidence and never the answer. [`fit_temperature`] finds it,
//! [`Reliability`] says how well probabilities then match frequencies, [`RiskCoverage`] how the errors
//! fall as less sure answers are withheld, and [`RunCalibration`] does all of this over the folds of a
//! cross-validation without using the labels that it is judged by.

mod folds;
mod held_out;
mod reliability;
mod risk;
mod temperature;

pub(crate) use folds::FoldPredictions;
pub use folds::{FoldTemperature, HeldOutTemperature, RunCalibration};
pub(crate) use held_out::{fit_held_out, hold_out};
pub use reliability::{ECE_BINS, Reliability, ReliabilityBin};
pub use risk::{RiskCoverage, recommended_threshold};
pub use temperature::{TEMPERATURES, fit_temperature};

#[cfg(test)]
mod support;
