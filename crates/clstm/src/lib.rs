//! Speech emotion recognition with the hierarchical ConvLSTM network: from a recording to an
//! emotion, with a model file.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use clstm::Recognizer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let recognizer = Recognizer::open(Path::new("ravdess-clstm-plus.safetensors"))?;
//! let heard = recognizer.recognize_file(Path::new("hello.wav"))?;
//! println!("{} ({:.0} %)", heard.label, 100.0 * heard.confidence);
//! for (label, probability) in recognizer.labels().iter().zip(&heard.probabilities) {
//!     println!("{label:>12} {probability:.3}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Five parts, each usable alone:
//!
//! 1. [`FrontendConfig`] makes the network's input from samples: no DC, quiet edges trimmed, RMS
//!    level (Eq. 1 of the paper), spans of segments. Training runs the very same code.
//! 2. [`Model`] is a model file: the weights and, as [`ModelInfo`], everything that is needed to
//!    use them and to judge them.
//! 3. [`nn::InferenceEngine`] is inference, and [`softmax`] makes probabilities of it; [`logits`] is the same
//!    for a network on any device.
//! 4. [`Recognizer`] puts these together; share one by reference among any number of threads.
//! 5. [`Stream`] hears sound as it comes and says where which emotion is heard;
//!    [`Recognizer::timeline_file`] does so for a recording of any length.
//!
//! With the feature `embedded` the shipped model is inside the binary: `Recognizer::embedded`.
//!
//! What a model says is the emotion that speech *expresses*, in the categories of its corpus; how
//! far to trust it is in [`TrainingInfo::scores`], and how far a single answer, in its confidence, as
//! [`Calibration`] has measured it.

mod backend;
mod batch_scorer;
mod calibration;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod frontend;
mod inference;
mod info;
mod limits;
mod model;
mod model_file;
mod probability_calibration;
mod provenance;
mod recognition;
mod recognizer;
mod stream;
mod write_atomic;

pub use calibration::{Calibration, CalibrationMethod, CalibrationScores, RiskPoint};
#[cfg(feature = "embedded")]
pub use embedded::embedded;
pub use error::{ModelError, RecognizeError};
pub use frontend::{Clip, FrontendConfig, TtaConfig, Window};
pub use inference::{logits, softmax};
pub use info::{HeldOutCounts, ModelInfo, Score, TrainingInfo};
pub use limits::ModelLimits;
pub use model::Model;
pub use probability_calibration::{PlattScaling, ProbabilityCalibration};
pub use provenance::{
    Ancestor, EnsembleMember, EvalProtocol, FoldId, InnerValidation, LeakageCounts, Lineage,
    SelectedWeights, ValidationUnit,
};
pub use recognition::Recognition;
pub use recognizer::{ClipScores, Recognizer};
pub use stream::{
    Event, Frame, LabelScore, LabelledItem, LabelledProbabilities, Probabilities, Segment,
    SpeechConfig, Stream, StreamConfig, StreamError, TimelineItem, WindowPrediction,
};
pub use write_atomic::write_atomic;

pub use clstm_audio as audio;
pub use clstm_nn as nn;
