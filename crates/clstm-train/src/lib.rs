//! Training and evaluation of the networks of `clstm-nn` on the corpora of `clstm-corpus`.
//!
//! - [`Recipe`]: everything that decides a training; the same recipe and data give the same model,
//!   bit for bit, also when the training was interrupted and resumed.
//! - [`Dataset`]: a corpus decoded and levelled, in memory.
//! - [`train`]: one model; [`cross_validate`]: the folds of a protocol; [`ablate`]: the rows of the paper's
//!   Table 1; [`Learner`]: single steps.
//! - [`evaluate()`]: a model on utterances, through the same code that recognises a user's file.
//! - [`Metrics`]: UA, WA, macro F1, per-class precision and recall, confusion matrix.
//! - [`bootstrap`], [`compare`]: intervals by speakers, and paired tests between two runs.
//! - [`RunCalibration`]: temperatures and how far confidences can be trusted, by out-of-fold predictions.
//!
//! # No leakage
//! A fold's test utterances are seen once the fold's training is over and, for the training curves,
//! at fixed epochs on the way. Nothing is chosen by them: the model of a fold is that of its last
//! epoch, or of the best one by utterances held out of its own training part ([`ValidationConfig`], off
//! unless asked for: the inner split of a nested validation), and what its confidences are calibrated with is fitted on others ([`RunCalibration`]).

mod ablation;
mod augment;
mod auxiliary;
mod average;
mod batches;
mod books;
mod calibration;
mod checkpoint;
mod cross_validation;
mod dataset;
mod earlier;
mod environment;
mod error;
mod evaluate;
mod features;
mod learner;
mod metrics;
mod mixup;
mod observer;
mod optimizer;
mod prediction;
mod progress;
mod recipe;
mod reevaluate;
mod run;
mod schedule;
mod seed_purpose;
mod seeds;
mod statistics;
mod teacher;
mod tensorboard;
mod throughput;
mod trainer;
mod validation;

pub use ablation::{
    Ablation, AblationRow, AblationTable, OrderAgreement, PaperFigures, RowFigures, Swap, ablate,
    ablation_recipes,
};
pub use augment::{
    AugmentConfig, Augmenter, BandPassConfig, FilterConfig, FormantConfig, GainConfig, NoiseConfig,
    OffsetConfig, PolarityConfig, SpeedConfig, TimeMaskConfig, center_crop,
};
pub use auxiliary::AuxiliaryTask;
pub use average::average_runs;
pub use books::{FoldOutcome, join_folds};
pub use calibration::{
    ECE_BINS, FoldScaling, HeldOutScaling, Reliability, ReliabilityBin, RiskCoverage,
    RunCalibration, TEMPERATURES, fit_scaling, fit_temperature, fit_top_label,
    recommended_threshold,
};
pub use cross_validation::{CrossValidation, cross_validate};
pub use dataset::{BadUtterance, Dataset};
pub use earlier::{BuiltOn, check_init};
pub use environment::Environment;
pub use error::TrainError;
pub use evaluate::{Evaluation, evaluate};
pub use features::{CenterSource, DeepFeatures};
pub use learner::{Batch, Learner, NonFinite, StepMetrics, StepOutcome};
pub use metrics::{ClassMetrics, Metrics};
pub use observer::{Event, NullObserver, Observer};
pub use optimizer::{Optimizer, OptimizerKind};
pub use prediction::{Prediction, read_predictions};
pub use progress::{EpochRecord, TestRecord};
pub use recipe::{
    MAX_BALANCED_RATIO, MIN_UTTERANCES_FOR_PRESET_EPOCHS, MixupConfig, OptimizerConfig, Recipe,
};
pub use reevaluate::reevaluate;
pub use run::{FoldMetrics, FoldValidation, Means, Protocol, RunMetrics, begin_run};
pub use schedule::Schedule;
pub use seeds::{SeedRun, SeedRuns, cross_validate_seeds};
pub use statistics::{
    Average, ClassificationReport, ClusterBy, Comparison, Difference, EXACT_CLUSTERS,
    INTERVAL_LEVEL, Interval, Intervals, McNemar, PERMUTATIONS, REPLICATES, bootstrap, compare,
    mcnemar_exact, row_normalized,
};
pub use teacher::{DistillationConfig, Teacher};
pub use tensorboard::TensorBoard;
pub use throughput::Throughput;
pub use trainer::{StopFlag, TrainData, Trained, train};
pub use validation::{Select, ValidationConfig, hold_out_validation};
