//! Metrics, statistics, calibration and the records of runs: everything about results that needs no training.
//!
//! - [`Metrics`]: UA, WA, macro F1, per-class precision and recall, confusion matrix.
//! - [`DimensionScores`], [`DimensionSummary`]: CCC, Pearson correlation and RMSE of continuous targets.
//! - [`bootstrap`], [`compare`]: intervals by speakers, and paired tests between two runs.
//! - [`RunCalibration`]: temperatures, and how far confidences can be trusted, by out-of-fold predictions.
//! - [`EvalProtocol`], [`FoldRecord`], [`RunMetrics`]: what a run's folder holds, and how it was obtained.
//! - [`ensemble_runs`]: the average of several runs.
//!
//! ```
//! use clstm_eval::Metrics;
//!
//! // True and predicted classes of four utterances.
//! let metrics = Metrics::of([(0, 0), (0, 0), (0, 1), (1, 1)], 2);
//! assert_eq!(metrics.wa, 0.75);
//! assert!((metrics.ua - (2.0 / 3.0 + 1.0) / 2.0).abs() < 1e-12);
//! ```

#![forbid(unsafe_code)]

mod calibration;
mod checksums;
pub mod csv;
mod dimension_prediction;
mod ensemble;
mod environment;
mod error;
mod evaluation;
mod features;
pub mod files;
mod fold_record;
mod metrics;
mod prediction;
mod protocol;
mod random;
mod run_inputs;
mod run_metrics;
mod statistics;
mod vote_metrics;

pub use clstm::{
    Ancestor, CalibrationMethod, EvalProtocol, FoldId, InnerValidation, Lineage, SelectedWeights,
};

pub use calibration::{
    ECE_BINS, FoldPredictions, FoldScaling, HeldOutScaling, Reliability, ReliabilityBin,
    RiskCoverage, RunCalibration, TEMPERATURES, fit_scaling, fit_temperature, fit_top_label,
    recommended_threshold,
};
pub use checksums::{Checksums, sha256};
pub use dimension_prediction::DimensionPrediction;
pub use ensemble::ensemble_runs;
pub use environment::Environment;
pub use error::EvalError;
pub use evaluation::Evaluation;
pub use features::{CenterSource, DeepFeatures};
pub use fold_record::{FoldRecord, aggregate_folds, finished_folds, predictions_of};
pub use metrics::{ClassMetrics, Metrics};
pub use prediction::{Prediction, read_predictions, write_predictions};
pub use protocol::{protocol_of_everything, protocol_of_folds};
pub use random::derive_seed;
pub use run_inputs::{CorpusInput, RunInputs};
pub use run_metrics::{FoldMetrics, FoldStatistic, FoldValidation, RunMetrics};
pub use statistics::{
    Average, ClassificationReport, ClusterBy, Comparison, Difference, DimensionScores,
    DimensionSummary, EXACT_CLUSTERS, INTERVAL_LEVEL, Interval, Intervals, McNemar, PERMUTATIONS,
    REPLICATES, RaterAgreement, bootstrap, compare, mcnemar_exact, row_normalized,
};
pub use vote_metrics::VoteMetrics;
