//! Provenance: how a model was trained, what it builds on, and how its scores were obtained.
//!
//! Everything is a typed field. Sentences for people are made of the fields; sentences that files of release 0.1
//! hold in their place are parsed once, when the file is read.

mod lineage;
mod protocol;
mod release_0_1;
mod validation;

pub use lineage::{Ancestor, Lineage};
pub use protocol::{EnsembleMember, EvalProtocol, FoldId, LeakageCounts};
pub(crate) use release_0_1::{CalibrationForm, ScoreForm, TrainingForm};
pub use validation::{InnerValidation, SelectedWeights, ValidationUnit};
