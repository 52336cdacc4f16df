//! The predictions of a model for utterances, and their file.

use std::path::Path;

use clstm::ProbabilityCalibration;
use serde::{Deserialize, Serialize};

use crate::files::read_checked;
use crate::{DimensionPrediction, EvalError};

/// The prediction of a model for one utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The utterance's name.
    pub id: String,
    /// The speaker; none where it is not known, and in lines of older releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// Its class.
    pub truth: usize,
    /// The class with the largest probability.
    pub predicted: usize,
    /// By class, at the model's scaling.
    pub probabilities: Vec<f64>,
    /// By class, not divided by a temperature. Empty in lines of older releases;
    /// [`read_predictions`] fills in equivalent ones.
    #[serde(default)]
    pub logits: Vec<f64>,
    /// Continuous targets; empty for a model without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<DimensionPrediction>,
}

impl Prediction {
    /// Of the logits of an utterance of class `truth`, at a scaling; its speaker is not named.
    #[must_use]
    pub fn new(
        id: String,
        truth: usize,
        logits: Vec<f64>,
        scaling: &ProbabilityCalibration,
    ) -> Self {
        let probabilities = scaling.probabilities(&logits);
        let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let predicted = best.map_or(0, |(class, _)| class);
        Self { id, speaker: None, truth, predicted, probabilities, logits, dimensions: Vec::new() }
    }

    /// Of probabilities that come from no logits, such as those of merged classes. Their logarithms take the place of the
    /// logits.
    #[must_use]
    pub fn of_probabilities(id: String, truth: usize, probabilities: Vec<f64>) -> Self {
        let best = probabilities.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let predicted = best.map_or(0, |(class, _)| class);
        let logits = log_probabilities(&probabilities);
        Self { id, speaker: None, truth, predicted, probabilities, logits, dimensions: Vec::new() }
    }

    /// The same of an utterance by this speaker.
    #[must_use]
    pub fn with_speaker(self, speaker: Option<&str>) -> Self {
        Self { speaker: speaker.map(str::to_owned), ..self }
    }

    /// The same with continuous targets.
    #[must_use]
    pub fn with_dimensions(self, dimensions: Vec<DimensionPrediction>) -> Self {
        Self { dimensions, ..self }
    }

    /// The same with another calibration: other probabilities, the same class.
    #[must_use]
    pub fn recalibrated(&self, scaling: &ProbabilityCalibration) -> Self {
        Self { probabilities: scaling.probabilities(&self.logits), ..self.clone() }
    }

    /// The same where only the classes of `allowed` can occur: the others get the probability 0.
    ///
    /// # Panics
    /// If `allowed` has not one entry for each class, or none is allowed.
    #[must_use]
    pub fn closed_set(&self, allowed: &[bool], scaling: &ProbabilityCalibration) -> Self {
        assert_eq!(allowed.len(), self.logits.len(), "one entry for each class");
        assert!(allowed.contains(&true), "an allowed class");
        let logits: Vec<f64> = self
            .logits
            .iter()
            .zip(allowed)
            .map(|(z, ok)| if *ok { *z } else { EXCLUDED })
            .collect();
        let predicted = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let predicted = predicted.map_or(self.predicted, |(class, _)| class);
        let probabilities = scaling.probabilities(&logits);
        Self { logits, predicted, probabilities, ..self.clone() }
    }

    /// The probability of the predicted class.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        self.probabilities.get(self.predicted).copied().unwrap_or(0.0)
    }

    /// Whether the predicted class is the true one.
    #[must_use]
    pub fn is_correct(&self) -> bool {
        self.predicted == self.truth
    }

    /// `-log p(true class)`; a probability too small for a number counts as the smallest one.
    #[must_use]
    pub fn loss(&self) -> f64 {
        let likely = self.probabilities.get(self.truth).copied().unwrap_or(0.0);
        -likely.max(f64::MIN_POSITIVE).ln()
    }

    /// The mistake in a line that was read, if there is one.
    fn mistake(&self, classes: usize) -> Option<&'static str> {
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        if self.truth >= classes || self.predicted >= classes {
            return Some("a class that the run does not have");
        }
        if self.probabilities.len() != classes || self.logits.len() != classes {
            return Some("the number of probabilities or logits is not that of classes");
        }
        if !finite(&self.logits) || !self.probabilities.iter().all(|p| (0.0..=1.0).contains(p)) {
            return Some("a probability or logit that is not a number in its range");
        }
        if !self.dimensions.iter().all(DimensionPrediction::is_finite) {
            return Some("a value of a dimension that is not a finite number");
        }
        None
    }
}

/// The logit of a class that cannot occur: its probability is 0.
const EXCLUDED: f64 = -1e9;

/// Logits of probabilities, up to a constant; 0 counts as the smallest positive number.
fn log_probabilities(probabilities: &[f64]) -> Vec<f64> {
    probabilities.iter().map(|p| p.max(f64::MIN_POSITIVE).ln()).collect()
}

/// Reads the `predictions.jsonl` of a fold with `classes` classes.
///
/// Files of older releases have no logits, and the temperature of their models was 1: the logarithms of their
/// probabilities, which equal the logits up to a constant, take their place.
///
/// # Errors
/// [`EvalError::Io`]; [`EvalError::Malformed`] with the line.
pub fn read_predictions(path: &Path, classes: usize) -> Result<Vec<Prediction>, EvalError> {
    let text = String::from_utf8(read_checked(path)?).map_err(|e| EvalError::malformed(path, e))?;
    let read = |(number, line): (usize, &str)| {
        let malformed = |reason: &dyn std::fmt::Display| {
            EvalError::malformed(path, format!("line {}: {reason}", number + 1))
        };
        let mut read: Prediction = serde_json::from_str(line).map_err(|e| malformed(&e))?;
        if read.logits.is_empty() {
            read.logits = log_probabilities(&read.probabilities);
        }
        match read.mistake(classes) {
            Some(mistake) => Err(malformed(&mistake)),
            None => Ok(read),
        }
    };
    text.lines().enumerate().map(read).collect()
}

/// Writes a line for each prediction.
///
/// # Errors
/// [`EvalError::Io`].
pub fn write_predictions(path: &Path, predictions: &[Prediction]) -> Result<(), EvalError> {
    let mut text = String::new();
    for prediction in predictions {
        let line = serde_json::to_string(prediction).map_err(|e| EvalError::malformed(path, e))?;
        text.push_str(&line);
        text.push('\n');
    }
    clstm::write_atomic(path, text.as_bytes()).map_err(|e| EvalError::io(path, e))
}

#[cfg(test)]
mod tests {
    use clstm::ProbabilityCalibration;

    use super::{Prediction, read_predictions, write_predictions};
    use crate::EvalError;

    #[test]
    fn lines_come_back_with_the_same_bits() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("predictions.jsonl");
        let written = [
            Prediction::new(
                "a".to_owned(),
                1,
                vec![0.1 + 0.2, -1.0 / 3.0, 1e-300],
                &ProbabilityCalibration::of_temperature(1.3),
            ),
            Prediction::new(
                "b".to_owned(),
                0,
                vec![1e3, -1e3, 0.0],
                &ProbabilityCalibration::default(),
            )
            .with_speaker(Some("\"7\"")),
        ];
        write_predictions(&path, &written).expect("written");
        assert_eq!(read_predictions(&path, 3).expect("read"), written);
        // In the place of a number JSON has null.
        let nothing = Prediction::new(
            "c".to_owned(),
            0,
            vec![f64::NAN, 1.0, 0.0],
            &ProbabilityCalibration::default(),
        );
        write_predictions(&path, &[written[0].clone(), nothing]).expect("written");
        let error = read_predictions(&path, 3).expect_err("no number").to_string();
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn without_logits_the_temperature_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("predictions.jsonl");
        let old = r#"{"id":"a","truth":0,"predicted":1,"probabilities":[0.25,0.75,0.0]}"#;
        std::fs::write(&path, format!("{old}\n")).expect("written");
        let read = read_predictions(&path, 3).expect("an older file").remove(0);
        assert_eq!(read.speaker, None);
        for (p, q) in read
            .recalibrated(&ProbabilityCalibration::of_temperature(1.0))
            .probabilities
            .iter()
            .zip([0.25, 0.75, 0.0])
        {
            assert!((p - q).abs() < 1e-15);
        }
        let odds = read.recalibrated(&ProbabilityCalibration::of_temperature(2.0)).probabilities;
        assert!((odds[1] / odds[0] - 3_f64.sqrt()).abs() < 1e-12);
        let with = Prediction::new(
            "a".to_owned(),
            0,
            vec![0.25_f64.ln(), 0.75_f64.ln()],
            &ProbabilityCalibration::default(),
        );
        assert_eq!((with.predicted, with.is_correct()), (1, false));
        assert!(
            (with.loss() - 4_f64.ln()).abs() < 1e-12 && (with.confidence() - 0.75).abs() < 1e-12
        );
    }

    #[test]
    fn lines_that_cannot_be_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("predictions.jsonl");
        for (line, part) in [
            (r#"{"id":"a","truth":2,"predicted":0,"probabilities":[0.5,0.5]}"#, "class"),
            (r#"{"id":"a","truth":0,"predicted":2,"probabilities":[0.5,0.5]}"#, "class"),
            (r#"{"id":"a","truth":0,"predicted":0,"probabilities":[1.0]}"#, "number"),
            (r#"{"id":"a","truth":0,"predicted":0,"probabilities":[0.5,1.5]}"#, "in its range"),
            (
                r#"{"id":"a","truth":0,"predicted":0,"probabilities":[0.5,0.5],"logits":[1.0]}"#,
                "number",
            ),
            ("{", "line 1"),
        ] {
            std::fs::write(&path, line).expect("written");
            let error = read_predictions(&path, 2).expect_err("a mistake");
            assert!(matches!(error, EvalError::Malformed { .. }));
            assert!(error.to_string().contains(part), "{line}: {error}");
        }
        let error = read_predictions(&folder.path().join("none"), 2).expect_err("no file");
        assert!(matches!(error, EvalError::Io { .. }));
    }
}
