//! A model on utterances whose classes are known.

use clstm::{ProbabilityCalibration, Recognizer};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Dataset, Metrics, Prediction};

/// Predictions and their figures of merit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// In the order asked for.
    pub predictions: Vec<Prediction>,
    /// Mean of `-log p(true class)`.
    pub loss: f64,
    /// UA, WA and the rest.
    pub metrics: Metrics,
}

impl Evaluation {
    /// Of predictions over so many classes.
    #[must_use]
    pub fn of(predictions: Vec<Prediction>, classes: usize) -> Self {
        let losses = predictions.iter().map(Prediction::loss).sum::<f64>();
        Self {
            loss: losses / predictions.len().max(1) as f64,
            metrics: Metrics::of(predictions.iter().map(|p| (p.truth, p.predicted)), classes),
            predictions,
        }
    }

    /// What a model of the same weights with another scaling says, to the last bit.
    #[must_use]
    pub fn with_scaling(&self, scaling: &ProbabilityCalibration) -> Self {
        let predictions = self.predictions.iter().map(|p| p.with_scaling(scaling)).collect();
        Self::of(predictions, self.metrics.classes.len())
    }
}

/// Runs the recogniser over `utterances` of the dataset, one at a time as it would a user's file:
/// the probabilities are the same to the last digit.
#[must_use]
pub fn evaluate(recognizer: &Recognizer, dataset: &Dataset, utterances: &[usize]) -> Evaluation {
    let scaling = &recognizer.info().scaling;
    let predictions = utterances
        .par_iter()
        .map(|&utterance| {
            let logits = recognizer.recognize_clip(&dataset.clips[utterance]);
            let said_by = &dataset.corpus.utterances[utterance];
            Prediction::new(said_by.id.clone(), said_by.label, logits, scaling)
                .by(said_by.speaker())
        })
        .collect();
    Evaluation::of(predictions, recognizer.labels().len())
}
