//! The description in a model file.

use std::collections::HashSet;

use clstm_nn::NetworkConfig;
use serde::{Deserialize, Serialize};

use crate::provenance::{EvalProtocol, FoldId, Lineage, ScoreForm, TrainingForm};
use crate::{Calibration, DimensionInfo, FrontendConfig, ModelError, ProbabilityCalibration};

/// Everything that is needed to use a model and to judge it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Short name, such as `ravdess-clstm`.
    pub name: String,
    /// Classes in the order of the logits.
    pub labels: Vec<String>,
    /// Continuous targets in the order of the network's outputs; most models have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<DimensionInfo>,
    /// Sizes of the network.
    pub network: NetworkConfig,
    /// How samples become the network's input.
    pub frontend: FrontendConfig,
    /// Calibrates the probabilities of the logits; a temperature of 1 for an uncalibrated model.
    #[serde(flatten)]
    pub scaling: ProbabilityCalibration,
    /// Measurements of the calibrated confidence; none where nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How it was trained, and its scores.
    pub training: TrainingInfo,
    /// Licence of the weights, an SPDX expression where there is one.
    pub license: String,
    /// What the model is for and what not.
    pub description: String,
}

/// How the weights were trained. Sentences for people are made of it, see [`describe`](Self::describe).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "TrainingForm")]
pub struct TrainingInfo {
    /// Name of the corpus.
    pub corpus: String,
    /// How the data were split and the model was trained.
    pub protocol: EvalProtocol,
    /// The fold whose test utterances were held out; none for a training on everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<FoldId>,
    /// Numbers of utterances that were held out.
    #[serde(default, skip_serializing_if = "HeldOutCounts::is_empty")]
    pub held_out: HeldOutCounts,
    /// Name of the preset, see [`clstm_nn::Preset`].
    pub preset: String,
    /// Epochs of the weights: with validation, fewer than the protocol's where an earlier epoch was chosen.
    pub epochs: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Arithmetic of the training: `f32` or `bf16`.
    pub precision: String,
    /// Models and corpora that the model builds on.
    #[serde(flatten)]
    pub lineage: Lineage,
    /// Utterances trained on.
    pub utterances: usize,
    /// Speakers trained on.
    pub speakers: Vec<String>,
    /// Speakers of the test utterances; empty where none were held out.
    pub test_speakers: Vec<String>,
    /// Measured scores.
    pub scores: Vec<Score>,
    /// The trainer's configuration as it was.
    pub recipe: serde_json::Value,
}

/// Numbers of utterances that were held out of a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldOutCounts {
    /// To test on.
    #[serde(default)]
    pub test: usize,
    /// To end the training and choose its weights.
    #[serde(default)]
    pub validation: usize,
    /// To calibrate the confidences.
    #[serde(default)]
    pub calibration: usize,
}

impl HeldOutCounts {
    /// Whether nothing was held out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Scores of one protocol, as fractions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "ScoreForm")]
pub struct Score {
    /// How they were measured.
    pub protocol: EvalProtocol,
    /// The fold that they are of; none where they are the mean over folds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<FoldId>,
    /// Unweighted accuracy (UA): the mean of the recalls of the classes.
    pub ua: f64,
    /// Weighted accuracy (WA): the share of the utterances whose class is right.
    pub wa: f64,
    /// Mean of the F1 scores of the classes.
    pub macro_f1: f64,
    /// Folds that the scores are the mean of.
    pub folds: usize,
}

impl TrainingInfo {
    /// One line for people: what was trained on, how, and what was held out.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { protocol, held_out, utterances, .. } = self;
        if let Some(remark) = &protocol.remark {
            return remark.clone();
        }
        let held = |count: usize, what: &str| match count {
            0 => String::new(),
            count => format!(", {count} for {what}"),
        };
        let inner =
            held(held_out.validation, "validation") + &held(held_out.calibration, "calibration");
        let run = protocol.describe();
        match self.fold {
            Some(FoldId { number, .. }) => format!(
                "fold {number} of {run}: trained on {utterances} utterances{inner}; the other {} held out for the test",
                held_out.test
            ),
            None => {
                let speakers = match self.speakers.len() {
                    0 => "speakers not named".to_owned(),
                    1 => "1 speaker".to_owned(),
                    count => format!("{count} speakers"),
                };
                let scores = match self.scores.is_empty() {
                    true => "no scores",
                    false => {
                        "the scores are cross-validated: of models trained by the same recipe without the \
                         utterances that they were tested on"
                    }
                };
                format!(
                    "trained on {utterances} utterances ({speakers}){inner}: {run}; nothing held out for a test; {scores}"
                )
            }
        }
    }
}

impl Score {
    /// How it was measured, in one line for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let protocol = self.protocol.describe();
        match self.fold {
            Some(FoldId { number, .. }) => format!("fold {number} of {protocol}"),
            None if self.folds < self.protocol.folds => {
                format!("{protocol} (only {} of the folds done)", self.folds)
            }
            None => protocol,
        }
    }
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
        DimensionInfo::validate_all(&self.dimensions, self.network.dimensions)?;
        self.scaling.validate()?;
        if let Some(calibration) = &self.calibration {
            calibration.validate()?;
        }
        let (network, frontend) = (&self.network, &self.frontend);
        if network.segment_length != frontend.segment_length {
            let (takes, gets) = (network.segment_length, frontend.segment_length);
            let reason = format!("{gets} samples, but the network's time steps have {takes}");
            return Err(ModelError::invalid("frontend.segment_length", reason));
        }
        if network.sample_rate != frontend.sample_rate {
            let (takes, gets) = (network.sample_rate, frontend.sample_rate);
            let reason = format!("{gets} Hz, but the network takes {takes} Hz");
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
