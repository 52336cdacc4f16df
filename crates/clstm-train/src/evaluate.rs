//! A model on utterances whose classes are known.

use clstm::Recognizer;
use clstm_eval::{Evaluation, Prediction};
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
            let logits = recognizer.recognize_clip(&dataset.clips[utterance]);
            let about = &dataset.corpus.utterances[utterance];
            let prediction = match recognizer.merges_classes() {
                false => Prediction::new(about.id.clone(), about.label, logits, scaling),
                true => {
                    let probabilities = recognizer.probabilities(&logits);
                    Prediction::of_probabilities(about.id.clone(), about.label, probabilities)
                }
            };
            prediction.with_speaker(about.speaker())
        })
        .collect();
    Evaluation::of(predictions, recognizer.labels().len())
}
