//! A model on utterances whose classes are known.

use clstm::{ClipScores, DimensionInfo, Recognizer};
use clstm_corpus::Utterance;
use clstm_eval::{DimensionPrediction, Evaluation, Prediction};
use rayon::prelude::*;

use crate::Dataset;

/// Runs the recogniser over `utterances` of the dataset, one at a time as it would a user's file:
/// the probabilities are the same to the last digit.
#[must_use]
pub fn evaluate(recognizer: &Recognizer, dataset: &Dataset, utterances: &[usize]) -> Evaluation {
    let scaling = &recognizer.info().scaling;
    let predictions = utterances
        .par_iter()
        .map(|&utterance| {
            let scores = recognizer.score_clips(&[&dataset.clips[utterance]]).swap_remove(0);
            let ClipScores { logits, dimensions, .. } = scores;
            let about = &dataset.corpus.utterances[utterance];
            let prediction = match recognizer.merges_classes() {
                false => Prediction::new(about.id.clone(), about.label, logits, scaling),
                true => {
                    let probabilities = recognizer.probabilities(&logits);
                    Prediction::of_probabilities(about.id.clone(), about.label, probabilities)
                }
            };
            let dimensions = recognizer.info().dimensions.iter().zip(dimensions);
            let dimensions = dimensions.map(|(info, predicted)| dimension(info, predicted, about));
            prediction.with_speaker(about.speaker()).with_dimensions(dimensions.collect())
        })
        .collect();
    Evaluation::of(predictions, recognizer.labels().len())
}

/// The prediction of a continuous target beside what raters gave the utterance.
fn dimension(info: &DimensionInfo, predicted: f64, about: &Utterance) -> DimensionPrediction {
    let ratings = about.ratings.get(&info.name).filter(|ratings| ratings.len() > 1);
    DimensionPrediction {
        name: info.name.clone(),
        predicted,
        truth: about.dimension(&info.name),
        ratings: ratings.cloned().unwrap_or_default(),
    }
}
