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
//! let recognition = recognizer.recognize_file(Path::new("hello.wav"))?;
//! match &recognition.prediction {
//!     None => println!("no speech"),
//!     Some(prediction) => {
//!         println!("{} ({:.0}%)", prediction.label, 100.0 * prediction.confidence);
//!         for (label, probability) in recognizer.labels().iter().zip(&prediction.probabilities) {
//!             println!("{label:>12} {probability:.3}");
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The program `examples/label_file.rs` is this, ready to run. The parts can be used alone:
//!
//! 1. [`FrontendConfig`] computes the network's input from samples: it removes DC, trims quiet edges, normalises the RMS
//!    level (Eq. 1 of the paper) and divides the result into windows of time steps. Training runs the same code.
//! 2. [`Model`] is a model file: the weights and, as [`ModelInfo`], everything that is needed to
//!    use and to evaluate them.
//! 3. [`Recognizer`] combines these with the network, its calibration and a speech gate; share one by reference among any
//!    number of threads.
//! 4. [`Stream`] predicts emotions in live audio, and [`Recognizer::timeline_file`] along a recording of any length.
//!
//! With the feature `embedded`, a model is inside the binary: `Recognizer::embedded`.
//!
//! A prediction is the emotion that speech *expresses*, in the categories of the model's corpus.
//! [`TrainingInfo::scores`] has the model's measured accuracy, and [`Calibration`] the measured reliability of its
//! confidence.

#![forbid(unsafe_code)]

mod backend;
mod batch_scorer;
mod calibration;
mod channels;
mod class_map;
mod dimension;
#[cfg(feature = "embedded")]
mod embedded;
mod error;
mod frontend;
mod info;
mod limits;
mod model;
mod model_file;
mod prepared;
mod probability_calibration;
mod provenance;
mod recognition;
mod recognizer;
mod softmax;
mod spans;
mod speech;
mod stream;
mod write_atomic;

pub use calibration::{Calibration, CalibrationMethod, CalibrationScores, RiskPoint};
pub use channels::{
    ChannelEvent, ChannelLoader, ChannelSelection, ChannelStream, ChannelTimelineBuilder,
    PreparedChannel, PreparedChannels,
};
pub use class_map::ClassMap;
pub use dimension::DimensionInfo;
#[cfg(feature = "embedded")]
pub use embedded::EmbeddedModel;
pub use error::{ModelError, RecognizeError};
pub use frontend::{Clip, FrontendConfig, TtaConfig, Window};
pub use info::{HeldOutCounts, ModelInfo, Score, TrainingInfo};
pub use limits::ModelLimits;
pub use model::Model;
pub use prepared::PreparedRecording;
pub use probability_calibration::{PlattScaling, ProbabilityCalibration};
pub use provenance::{
    Ancestor, EnsembleMember, EvalProtocol, FoldId, InnerValidation, LeakageCounts, Lineage,
    SelectedWeights, ValidationUnit,
};
pub use recognition::{EmbeddedRecognition, LabelPrediction, NoPrediction, Recognition};
pub use recognizer::{ClipScores, Recognizer};
pub use softmax::softmax;
pub use spans::{Span, SpanOutcome, SpanRecognition, SpanRecognizer, SpanSummary};
pub use stream::{
    DimensionValues, Event, Frame, LabelScore, LabelledDimensions, LabelledItem,
    LabelledProbabilities, Probabilities, Segment, SpeechConfig, Stream, StreamConfig, StreamError,
    TimelineBuilder, TimelineItem, TimelineSummary, WindowPrediction,
};
pub use write_atomic::write_atomic;

/// Decoding, resampling and levels of audio.
pub use clstm_audio as audio;
// Types in the signatures of this crate.
pub use clstm_nn::{
    ComputeDevice, DeviceName, InstructionSet, NamedTensor, NetworkConfig, NetworkError, Precision,
    UnknownPrecision,
};
