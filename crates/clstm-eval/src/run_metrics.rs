//! What a run leaves in its folder: `metrics.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files::{read_json, write_record};
use crate::{
    DimensionScores, DimensionSummary, Environment, EvalError, EvalProtocol, HeldOutScaling,
    Metrics, RunCalibration,
};

/// The figures of one fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldMetrics {
    /// From 1.
    pub fold: usize,
    /// Unweighted accuracy.
    pub ua: f64,
    /// Weighted accuracy.
    pub wa: f64,
    /// Mean F1.
    pub macro_f1: f64,
    /// `[true][predicted]`, counts.
    pub confusion: Vec<Vec<usize>>,
    /// Continuous targets; none in most runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<DimensionScores>,
    /// Speakers among the test utterances.
    pub test_speakers: Vec<String>,
    /// Utterances trained on.
    pub train_utterances: usize,
    /// Utterances tested on.
    pub test_utterances: usize,
    /// Wall time of the training in seconds, resumed parts included.
    pub seconds: f64,
    /// Where the recipe has a `calibration_share`.
    #[serde(default, alias = "held_out_temperature", skip_serializing_if = "Option::is_none")]
    pub held_out_scaling: Option<HeldOutScaling>,
    /// Where the recipe has a `validation.share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<FoldValidation>,
    /// What it was trained with; of the ensemble of runs, where all were trained with the same. Not in files of release 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
}

impl FoldMetrics {
    /// The full figures, from the confusion matrix.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::from_confusion(self.confusion.clone())
    }
}

/// The validation part of a fold and what it decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldValidation {
    /// Utterances held out of the training.
    pub utterances: usize,
    /// Their speakers.
    pub speakers: Vec<String>,
    /// Epochs trained.
    pub epochs: usize,
    /// The epoch whose weights the fold's model has.
    pub epoch: usize,
}

/// UA, WA and macro F1, as means or deviations over folds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FoldStatistic {
    /// Unweighted accuracy.
    pub ua: f64,
    /// Weighted accuracy.
    pub wa: f64,
    /// Mean F1.
    pub macro_f1: f64,
}

/// `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunMetrics {
    /// How the figures were obtained.
    pub protocol: EvalProtocol,
    /// Numbers of the folds that are done, ascending.
    #[serde(default)]
    pub folds_done: Vec<usize>,
    /// Numbers of the folds that are not done, ascending: where there are any, all figures are partial.
    #[serde(default)]
    pub folds_missing: Vec<usize>,
    /// Folds that are done, ascending.
    pub folds: Vec<FoldMetrics>,
    /// Over the folds that are done.
    pub mean: FoldStatistic,
    /// Standard deviation over the folds that are done (of a population).
    pub std: FoldStatistic,
    /// Class names in the order of the confusion matrices.
    pub labels: Vec<String>,
    /// Continuous targets over the test utterances of all folds that are done together; none in most runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<DimensionSummary>,
    /// How far the confidences can be trusted; none where a single fold is done, see
    /// [`RunCalibration`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<RunCalibration>,
}

impl RunMetrics {
    /// Joins folds, without a calibration.
    #[must_use]
    pub fn new(protocol: EvalProtocol, mut folds: Vec<FoldMetrics>, labels: Vec<String>) -> Self {
        folds.sort_by_key(|f| f.fold);
        let over = |value: fn(&FoldMetrics) -> f64| {
            let count = folds.len().max(1) as f64;
            let mean = folds.iter().map(value).sum::<f64>() / count;
            let square = folds.iter().map(|f| (value(f) - mean).powi(2)).sum::<f64>() / count;
            (mean, square.sqrt())
        };
        let (ua, wa, f1) = (over(|f| f.ua), over(|f| f.wa), over(|f| f.macro_f1));
        let folds_done: Vec<usize> = folds.iter().map(|fold| fold.fold).collect();
        Self {
            folds_missing: (1..=protocol.folds).filter(|n| !folds_done.contains(n)).collect(),
            folds_done,
            mean: FoldStatistic { ua: ua.0, wa: wa.0, macro_f1: f1.0 },
            std: FoldStatistic { ua: ua.1, wa: wa.1, macro_f1: f1.1 },
            protocol,
            folds,
            labels,
            dimensions: Vec::new(),
            calibration: None,
        }
    }

    /// Numbers of the folds that are not done.
    #[must_use]
    pub fn missing(&self) -> Vec<usize> {
        let done = |n: &usize| self.folds.iter().all(|f| f.fold != *n);
        (1..=self.protocol.folds).filter(done).collect()
    }

    /// Reads `metrics.json`.
    ///
    /// # Errors
    /// If it is missing or not of this form.
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        read_json(path)
    }

    /// Writes `metrics.json`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path) -> Result<(), EvalError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("metrics.json");
        write_record(folder.unwrap_or(Path::new(".")), name, self)
    }
}
