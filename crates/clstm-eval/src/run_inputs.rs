//! The arguments of a run that neither its recipe nor its protocol records.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::EvalError;
use crate::files::{read_json, write_json};

/// The arguments of a run as they were given: `inputs.json`. With the protocol and the recipe they make the command
/// that repeats the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInputs {
    /// Corpora, in their order.
    #[serde(default)]
    pub corpora: Vec<CorpusInput>,
    /// Target of the classes, where that is not the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The label map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_map: Option<String>,
    /// What was allowed to leak: `speakers`, `copies`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_leakage: Vec<String>,
    /// Model or run of the initial weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// Runs to distil from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teachers: Vec<String>,
    /// Runs of an ensemble.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ensemble_of: Vec<String>,
}

/// A corpus and where its recordings are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusInput {
    /// The argument of `--corpus`.
    pub corpus: String,
    /// The argument of `--data`.
    pub data: String,
}

impl RunInputs {
    /// Name of the file in a run's folder.
    pub const FILE: &str = "inputs.json";

    /// Reads those of a run; none where the run has none, as before release 0.2.
    ///
    /// # Errors
    /// [`EvalError::Io`]; [`EvalError::Malformed`].
    pub fn read(run: &Path) -> Result<Option<Self>, EvalError> {
        let path = run.join(Self::FILE);
        if path.exists() { read_json(&path).map(Some) } else { Ok(None) }
    }

    /// Writes them into a run's folder.
    ///
    /// # Errors
    /// [`EvalError::Io`].
    pub fn write(&self, run: &Path) -> Result<(), EvalError> {
        write_json(&run.join(Self::FILE), self)
    }
}
