//! What a recognizer answers.

use serde::Serialize;

/// The emotion of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recognition {
    /// Length of the recording before its quiet edges were trimmed, in seconds.
    pub duration_s: f64,
    /// The most probable label.
    pub label: String,
    /// Its index among the model's labels.
    pub label_index: usize,
    /// Its probability; below [`Calibration::abstention`](crate::Calibration::abstention) it is better
    /// not to rely on it.
    pub confidence: f64,
    /// Probabilities in the order of the model's labels; they sum to 1.
    pub probabilities: Vec<f64>,
}
