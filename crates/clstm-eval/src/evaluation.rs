//! A model's predictions with their metrics.

use clstm::ProbabilityCalibration;
use serde::{Deserialize, Serialize};

use crate::{Metrics, Prediction};

/// Predictions and their metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// In the order of the requested utterances.
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

    /// The evaluation where only the classes that occur among the true ones can be predicted: the closed set of
    /// comparisons between corpora with different classes.
    #[must_use]
    pub fn closed_set(&self, scaling: &ProbabilityCalibration) -> Self {
        let allowed: Vec<bool> = self.metrics.classes.iter().map(|c| c.support > 0).collect();
        if !allowed.contains(&true) {
            return self.clone();
        }
        let predictions =
            self.predictions.iter().map(|p| p.closed_set(&allowed, scaling)).collect();
        Self::of(predictions, allowed.len())
    }

    /// The evaluation of a model with the same weights and another calibration, equal to the last bit.
    #[must_use]
    pub fn recalibrated(&self, scaling: &ProbabilityCalibration) -> Self {
        let predictions = self.predictions.iter().map(|p| p.recalibrated(scaling)).collect();
        Self::of(predictions, self.metrics.classes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_set_excludes_classes_without_utterances() {
        let scaling = ProbabilityCalibration::default();
        let prediction = |truth: usize, logits: [f64; 3]| {
            Prediction::new(String::new(), truth, logits.to_vec(), &scaling)
        };
        // Class 1 never occurs and is always the likeliest.
        let all = vec![prediction(0, [1.0, 5.0, 0.0]), prediction(2, [-1.0, 5.0, 2.0])];
        let open = Evaluation::of(all, 3);
        assert_eq!(open.metrics.ua, 0.0);
        let closed = open.closed_set(&scaling);
        assert_eq!(closed.metrics.ua, 1.0);
        for prediction in &closed.predictions {
            assert_eq!(prediction.probabilities[1], 0.0);
            assert!((prediction.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        let expected = 1.0 / (1.0 + (-1.0f64).exp());
        assert!((closed.predictions[0].probabilities[0] - expected).abs() < 1e-12);
    }
}
