//! A model's predictions with their metrics.

use clstm::ProbabilityCalibration;
use serde::{Deserialize, Serialize};

use crate::{Metrics, Prediction};

/// Predictions and their metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// In the order of the utterances that were asked for.
    pub predictions: Vec<Prediction>,
    /// Mean of `-log p(true class)`.
    pub loss: f64,
    /// UA, WA and the rest.
    pub metrics: Metrics,
}

impl Evaluation {
    /// Metrics of predictions over `classes` classes.
    ///
    /// # Panics
    /// If a true or predicted class is not below `classes`.
    #[must_use]
    pub fn of(predictions: Vec<Prediction>, classes: usize) -> Self {
        let losses = predictions.iter().map(Prediction::loss).sum::<f64>();
        Self {
            loss: losses / predictions.len().max(1) as f64,
            metrics: Metrics::of(predictions.iter().map(|p| (p.truth, p.predicted)), classes),
            predictions,
        }
    }

    /// The evaluation of a model with the same weights and another calibration, equal to the last bit.
    #[must_use]
    pub fn recalibrated(&self, scaling: &ProbabilityCalibration) -> Self {
        let predictions = self.predictions.iter().map(|p| p.recalibrated(scaling)).collect();
        Self::of(predictions, self.metrics.classes.len())
    }
}
