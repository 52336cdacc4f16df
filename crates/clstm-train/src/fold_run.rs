//! A trained and tested fold on its way into the run's folder.

use std::path::Path;

use clstm::Model;
use clstm_eval::files::write_record;
use clstm_eval::{
    Checksums, DimensionScores, Environment, EvalProtocol, Evaluation, FoldMetrics,
    FoldPredictions, FoldRecord, FoldValidation, HeldOutScaling, Metrics, RunCalibration,
    write_predictions,
};

use crate::{Dataset, TrainError};

/// The files of a fold that get a checksum, besides `metrics.json`.
const FILES: [&str; 5] = [
    "model.safetensors",
    "predictions.jsonl",
    "history.json",
    "environment.json",
    "features.safetensors",
];

/// A fold whose model was tested.
#[derive(Debug)]
pub(crate) struct FoldRun {
    /// From 1.
    pub(crate) number: usize,
    /// Utterances trained on.
    pub(crate) train_utterances: usize,
    /// The model.
    pub(crate) model: Model,
    /// Its predictions for the test utterances.
    pub(crate) evaluation: Evaluation,
    /// How the figures were obtained.
    pub(crate) protocol: EvalProtocol,
    /// Time of the training.
    pub(crate) seconds: f64,
    /// What its confidences were scaled by, where utterances were held out for that.
    pub(crate) held_out: Option<HeldOutScaling>,
    /// What validation decided, where there was one.
    pub(crate) validation: Option<FoldValidation>,
    /// What it was trained with.
    pub(crate) environment: Option<Environment>,
}

impl FoldRun {
    /// Writes model, predictions and, last, the record: a fold that has one is done.
    pub(crate) fn write(mut self, dataset: &Dataset, folder: &Path) -> Result<Metrics, TrainError> {
        let metrics = self.evaluation.metrics;
        let training = &mut self.model.info.training;
        training.protocol.clone_from(&self.protocol);
        training.held_out.calibration = self.held_out.as_ref().map_or(0, |it| it.utterances);
        training.scores = vec![clstm::Score {
            protocol: self.protocol.clone(),
            fold: training.fold,
            ua: metrics.ua,
            wa: metrics.wa,
            macro_f1: metrics.macro_f1,
            folds: 1,
        }];
        let tested = FoldPredictions {
            fold: self.number,
            held_out: self.held_out.clone(),
            predictions: self.evaluation.predictions,
        };
        let calibration = RunCalibration::of(std::slice::from_ref(&tested));
        self.model.info.calibration = calibration.map(|it| it.summary(&self.protocol));
        self.model.write(&folder.join("model.safetensors"))?;
        write_predictions(&folder.join("predictions.jsonl"), &tested.predictions)?;
        let outcome = FoldRecord {
            metrics: FoldMetrics {
                fold: self.number,
                ua: metrics.ua,
                wa: metrics.wa,
                macro_f1: metrics.macro_f1,
                confusion: metrics.confusion.clone(),
                dimensions: DimensionScores::of(&tested.predictions),
                test_speakers: self.model.info.training.test_speakers,
                train_utterances: self.train_utterances,
                test_utterances: tested.predictions.len(),
                seconds: self.seconds,
                held_out_scaling: self.held_out,
                validation: self.validation,
                environment: self.environment,
            },
            protocol: self.protocol,
            labels: dataset.corpus.labels.clone(),
        };
        let mut sums = Checksums::default();
        for name in FILES {
            sums.set_file(folder, name)?;
        }
        sums.write(folder)?;
        write_record(folder, "metrics.json", &outcome)?;
        Ok(metrics)
    }
}
