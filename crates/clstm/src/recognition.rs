//! The result of recognition.

use clstm_audio::Damage;
use serde::Serialize;

/// The emotion of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recognition {
    /// Length of the recording, in seconds.
    pub duration_s: f64,
    /// Share of the recording that is speech, 0 to 1.
    pub speech: f64,
    /// The prediction; `None` where there is too little speech for one.
    pub prediction: Option<LabelPrediction>,
    /// Why there is no prediction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<NoPrediction>,
    /// What is missing of a damaged recording: see [`Recognizer::with_strict`](crate::Recognizer::with_strict).
    #[serde(rename = "damaged", skip_serializing_if = "Option::is_none")]
    pub damage: Option<Damage>,
}

/// Why a recording has no prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoPrediction {
    /// All samples are zero, or below -140 dBFS.
    Silent,
    /// There is sound, and too little of it is speech.
    NoSpeech,
    /// Without its quiet edges it is shorter than 0.4 s, too short to detect speech in it.
    TooShort,
}

impl NoPrediction {
    /// A stable word for programs: `silent`, `no_speech` or `too_short`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::NoSpeech => "no_speech",
            Self::TooShort => "too_short",
        }
    }
}

/// A label and the probabilities of all labels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelPrediction {
    /// The most probable label.
    pub label: String,
    /// Its index among the model's labels.
    pub label_index: usize,
    /// Its probability; below the threshold of [`Calibration::abstention`](crate::Calibration::abstention) it is
    /// unreliable.
    pub confidence: f64,
    /// Probabilities in the order of the model's labels; they sum to 1.
    pub probabilities: Vec<f64>,
    /// Values of the model's continuous targets in the order of [`ModelInfo::dimensions`](crate::ModelInfo::dimensions);
    /// empty for a model without them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<f64>,
}

/// The emotion of a recording and its deep feature.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedRecognition {
    /// The emotion.
    pub recognition: Recognition,
    /// The deep feature, which is the input of the last linear layer: the branches' one after another, this network's own
    /// first; see [`NetworkConfig::branch_features`](crate::NetworkConfig::branch_features).
    pub features: Vec<f64>,
}
