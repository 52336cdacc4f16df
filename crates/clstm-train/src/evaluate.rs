//! A model on utterances whose classes are known.

use clstm::Recognizer;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Dataset, Metrics};

/// What a model said of one utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The utterance's name.
    pub id: String,
    /// Its class.
    pub truth: usize,
    /// The class with the largest probability.
    pub predicted: usize,
    /// By class.
    pub probabilities: Vec<f64>,
}

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

/// Runs the recogniser over `utterances` of the dataset, one at a time as it would a user's file:
/// the probabilities are the same to the last digit.
#[must_use]
pub fn evaluate(recognizer: &Recognizer, dataset: &Dataset, utterances: &[usize]) -> Evaluation {
    let predictions: Vec<Prediction> = utterances
        .par_iter()
        .map(|&utterance| {
            let logits = recognizer.recognize_clip(&dataset.clips[utterance]);
            let probabilities = recognizer.probabilities(&logits);
            let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            Prediction {
                id: dataset.corpus.utterances[utterance].id.clone(),
                truth: dataset.label(utterance),
                predicted: best.map_or(0, |(class, _)| class),
                probabilities,
            }
        })
        .collect();
    let loss = |p: &Prediction| -p.probabilities[p.truth].max(f64::MIN_POSITIVE).ln();
    let classes = recognizer.labels().len();
    Evaluation {
        loss: predictions.iter().map(loss).sum::<f64>() / predictions.len().max(1) as f64,
        metrics: Metrics::of(predictions.iter().map(|p| (p.truth, p.predicted)), classes),
        predictions,
    }
}
