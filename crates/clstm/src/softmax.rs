//! The softmax function.

use crate::ProbabilityCalibration;

/// Probabilities of logits at a temperature: 1 leaves them, a higher one makes them more equal.
///
/// NaN where a logit is NaN; empty for no logits.
#[must_use]
pub fn softmax(logits: &[f64], temperature: f32) -> Vec<f64> {
    ProbabilityCalibration::of_temperature(f64::from(temperature)).probabilities(logits)
}
