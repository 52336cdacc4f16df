//! What a model file says about its weights.

use std::collections::HashSet;

use clstm_nn::NetworkConfig;
use serde::{Deserialize, Serialize};

use crate::{Calibration, FrontendConfig, ModelError, ProbabilityCalibration};

/// All that is needed to use a model, and to judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Short name, such as `ravdess-clstm`.
    pub name: String,
    /// Classes in the order of the logits.
    pub labels: Vec<String>,
    /// Sizes of the network.
    pub network: NetworkConfig,
    /// How samples become the network's input.
    pub frontend: FrontendConfig,
    /// What makes the probabilities of logits match frequencies; a temperature of 1 for an uncalibrated
    /// model.
    #[serde(flatten)]
    pub scaling: ProbabilityCalibration,
    /// What was measured of the calibrated confidence; none where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How it was trained and how well it does.
    pub training: TrainingInfo,
    /// Licence of the weights, an SPDX expression where there is one.
    pub license: String,
    /// What the model is for and what not.
    pub description: String,
}

/// Where the weights come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingInfo {
    /// Name of the corpus.
    pub corpus: String,
    /// What was trained on and what the scores were measured on, as a sentence for people.
    pub protocol: String,
    /// Name of the preset, see [`clstm_nn::Preset`].
    pub preset: String,
    /// Passes over the training set.
    pub epochs: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Arithmetic of the training: `f32` or `bf16`.
    pub precision: String,
    /// The model that the training started from; none where weights were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_from: Option<String>,
    /// Models that gave part of the targets, by their presets; none where the labels gave all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taught_by: Option<String>,
    /// Corpora of the models that this one builds on, and of those that they build on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard_before: Vec<String>,
    /// Utterances trained on.
    pub utterances: usize,
    /// Speakers trained on.
    pub speakers: Vec<String>,
    /// Speakers held out; empty where none were.
    pub test_speakers: Vec<String>,
    /// Measured scores.
    pub scores: Vec<Score>,
    /// The trainer's configuration as it was.
    pub recipe: serde_json::Value,
}

/// Scores of one protocol, as fractions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How they were measured.
    pub protocol: String,
    /// Unweighted accuracy (UA): the mean of the recalls of the classes.
    pub ua: f64,
    /// Weighted accuracy (WA): the fraction that is right.
    pub wa: f64,
    /// Mean of the F1 scores of the classes.
    pub macro_f1: f64,
    /// Folds that the scores are the mean of.
    pub folds: usize,
}

impl ModelInfo {
    /// Checks each field, and that the fields agree.
    ///
    /// # Errors
    /// [`ModelError`] naming the first field that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        if self.name.trim().is_empty() {
            return Err(ModelError::invalid("name", "is empty"));
        }
        self.network.validate()?;
        self.frontend.validate().map_err(ModelError::Frontend)?;
        self.validate_labels()?;
        self.scaling.validate()?;
        if let Some(calibration) = &self.calibration {
            calibration.validate()?;
        }
        let (network, frontend) = (&self.network, &self.frontend);
        if network.segment_length != frontend.segment_length {
            let (hears, gets) = (network.segment_length, frontend.segment_length);
            let reason = format!("{gets} samples, but the network's segments have {hears}");
            return Err(ModelError::invalid("frontend.segment_length", reason));
        }
        if network.sample_rate != frontend.sample_rate {
            let (hears, gets) = (network.sample_rate, frontend.sample_rate);
            let reason = format!("{gets} Hz, but the network hears {hears} Hz");
            return Err(ModelError::invalid("frontend.sample_rate", reason));
        }
        for (i, score) in self.training.scores.iter().enumerate() {
            let fraction = |value: f64| (0.0..=1.0).contains(&value);
            if ![score.ua, score.wa, score.macro_f1].into_iter().all(fraction) {
                let field = format!("training.scores[{i}]");
                return Err(ModelError::invalid(field, "scores are fractions in 0..=1"));
            }
        }
        Ok(())
    }

    fn validate_labels(&self) -> Result<(), ModelError> {
        let (labels, classes) = (self.labels.len(), self.network.classes);
        if labels != classes {
            let reason = format!("{labels} labels for the network's {classes} classes");
            return Err(ModelError::invalid("labels", reason));
        }
        let mut seen = HashSet::new();
        for (i, label) in self.labels.iter().enumerate() {
            if label.trim().is_empty() {
                return Err(ModelError::invalid("labels", format!("label {i} is empty")));
            }
            if !seen.insert(label) {
                return Err(ModelError::invalid("labels", format!("{label:?} is there twice")));
            }
        }
        Ok(())
    }
}
