//! Training and evaluation of the networks of `clstm-nn` on the corpora of `clstm-corpus`.
//!
//! - [`Recipe`]: all settings of a training; the same recipe and data give the same model,
//!   bit for bit, also when the training was interrupted and resumed.
//! - [`Dataset`]: a corpus, decoded and normalised in level, in memory.
//! - [`train`]: one model; [`cross_validate`]: the folds of a protocol; [`ablate`]: the rows of the paper's
//!   Table 1; [`Learner`]: single steps.
//! - [`evaluate()`]: a model on utterances, through the same code that recognises a user's file.
//!
//! # Example
//! One step of a small network on two synthetic utterances:
//!
//! ```
//! use clstm_nn::Preset;
//! use clstm_nn::burn::tensor::Device;
//! use clstm_train::{Batch, Learner, Recipe, StepOutcome};
//!
//! let changes = [("crop_steps", "2"), ("network.features", "16")];
//! let changes = changes.map(|(key, value)| (key.to_owned(), value.to_owned()));
//! let recipe = Recipe::new(Preset::ConvLstmFcn, 2).with_changes(None, &changes)?;
//! let mut learner = Learner::new(&recipe, None, &[], &Device::flex())?;
//! let batch = Batch {
//!     segments: (0..2 * recipe.span()).map(|t| (0.01 * t as f32).sin()).collect(),
//!     labels: vec![0, 1],
//!     mixed: Vec::new(),
//!     teacher_probs: Vec::new(),
//!     logit_offsets: Vec::new(),
//!     vote_shares: Vec::new(),
//!     auxiliary_targets: Vec::new(),
//!     dimensions: Default::default(),
//! };
//! let metrics = learner.step(batch, recipe.optimizer.learning_rate);
//! assert_eq!(metrics.outcome, StepOutcome::Updated);
//! # Ok::<(), clstm_train::TrainError>(())
//! ```
//!
//! # No leakage
//! A fold's test utterances are used once its training is over and, for the training curves,
//! at fixed epochs during it. Nothing is selected by them: the model of a fold is that of its last
//! epoch, or of the best one on utterances held out of its own training part ([`ValidationConfig`], off
//! by default: the inner split of a nested validation). Calibration is fitted on other utterances.

#![forbid(unsafe_code)]

mod ablation;
mod augment;
mod auxiliary;
mod batches;
mod changes;
mod checkpoint;
mod class_priors;
mod cross_validation;
mod dataset;
mod deep_features;
mod dimensions;
mod error;
mod evaluate;
mod fold_run;
mod held_out_calibration;
mod history;
mod initial_model;
mod learner;
mod lineage;
mod mixup;
mod observer;
mod optimizer;
mod recipe;
mod reevaluate;
mod repeated_cv;
mod run_folder;
mod sampling;
mod schedule;
mod seed_purpose;
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
    AugmentConfig, Augmenter, BandPassConfig, BandwidthConfig, ClippingConfig, CustomAugmentation,
    ExcerptConfig, FilterConfig, FormantConfig, GainConfig, NoiseConfig, OffsetConfig,
    PolarityConfig, RoomConfig, SpeedConfig, TimeMaskConfig, center_crop,
};
pub use auxiliary::AuxiliaryTask;
pub use changes::{changes_from_preset, normalized_recipe};
#[doc(hidden)]
pub use checkpoint::check_checkpoint;
pub use clstm_eval::{
    Ancestor, Average, CalibrationMethod, CenterSource, ClassMetrics, ClassificationReport,
    ClusterBy, Comparison, DeepFeatures, Difference, DimensionPrediction, DimensionScores,
    DimensionSummary, ECE_BINS, Environment, EvalError, EvalProtocol, Evaluation, FoldMetrics,
    FoldRecord, FoldScaling, FoldStatistic, FoldValidation, HeldOutScaling, Interval, Intervals,
    Lineage, McNemar, Metrics, Prediction, Reliability, ReliabilityBin, RiskCoverage,
    RunCalibration, RunMetrics, SelectedWeights as Select, aggregate_folds, bootstrap, compare,
    ensemble_runs, fit_scaling, fit_temperature, fit_top_label, mcnemar_exact,
    protocol_of_everything, protocol_of_folds, read_predictions, recommended_threshold,
    row_normalized,
};
pub use cross_validation::{CrossValidation, cross_validate};
pub use dataset::{BadUtterance, Dataset};
pub use dimensions::{DimensionBatch, DimensionsConfig};
pub use error::TrainError;
pub use evaluate::evaluate;
pub use history::{EpochRecord, TestRecord};
pub use initial_model::InitialModel;
pub use learner::{Batch, Learner, NonFinite, StepMetrics, StepOutcome};
pub use lineage::{check_init, lineage_of};
pub use observer::{Event, NullObserver, Observer};
pub use optimizer::{Optimizer, OptimizerKind};
pub use recipe::{
    MAX_BALANCED_RATIO, MIN_UTTERANCES_FOR_PRESET_EPOCHS, MixupConfig, OptimizerConfig, Recipe,
    WeightAverageConfig,
};
pub use reevaluate::reevaluate;
pub use repeated_cv::{SeedRun, SeedRuns, cross_validate_seeds};
pub use run_folder::begin_run;
pub use sampling::{SamplingConfig, draw_shots};
pub use schedule::Schedule;
pub use teacher::{DistillationConfig, Teacher};
pub use tensorboard::TensorBoard;
pub use throughput::Throughput;
pub use trainer::{StopFlag, TrainData, Trained, train};
pub use validation::{ValidationConfig, hold_out_validation};
