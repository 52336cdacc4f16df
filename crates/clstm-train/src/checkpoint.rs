//! The whole state of a training in one file.

use std::collections::HashMap;
use std::path::Path;

use clstm::write_atomic;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::history::EpochSums;
use crate::validation::EarlyStopping;
use crate::{EpochRecord, Recipe, TrainError};

/// Where a training stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The recipe it follows.
    pub(crate) recipe: Recipe,
    /// A digest of the utterances it trains on.
    pub(crate) data: String,
    /// Epochs done.
    pub(crate) epoch: usize,
    /// Steps done in the epoch under way.
    pub(crate) step: usize,
    /// Steps of the optimiser.
    #[serde(alias = "time")]
    pub(crate) step_index: u64,
    /// Sums over the steps of the epoch under way.
    pub(crate) sums: EpochSums,
    /// Epochs so far.
    pub(crate) history: Vec<EpochRecord>,
    /// The state of early stopping.
    #[serde(default, alias = "watch")]
    pub(crate) early_stopping: Option<EarlyStopping>,
    /// Time spent so far, in seconds.
    #[serde(default)]
    pub(crate) seconds: f64,
}

/// Flat values by name.
pub(crate) type Values = HashMap<String, Vec<f32>>;

const KEY: &str = "clstm-checkpoint-1";

/// Writes state and values as one file, whole or not at all.
pub(crate) fn write(path: &Path, state: &State, values: &Values) -> Result<(), TrainError> {
    let json = serde_json::to_string(state).map_err(|e| TrainError::malformed(path, e))?;
    let bytes: Vec<(&String, Vec<u8>)> = values
        .iter()
        .map(|(name, values)| (name, values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views: Result<Vec<_>, _> = bytes
        .iter()
        .map(|(name, b)| TensorView::new(Dtype::F32, vec![b.len() / 4], b).map(|v| (*name, v)))
        .collect();
    let views = views.map_err(|e| TrainError::malformed(path, e))?;
    let header = HashMap::from([(KEY.to_owned(), json)]);
    let file =
        safetensors::serialize(views, Some(header)).map_err(|e| TrainError::malformed(path, e))?;
    write_atomic(path, &file).map_err(|e| TrainError::io(path, e))
}

/// Reads a checkpoint back; none where there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<(State, Values)>, TrainError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(TrainError::io(path, e)),
    };
    let malformed = |e: &dyn std::fmt::Display| TrainError::malformed(path, e);
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| malformed(&e))?;
    let json = header.metadata().as_ref().and_then(|m| m.get(KEY));
    let json = json.ok_or_else(|| malformed(&"not a checkpoint of this version"))?;
    let state: State = serde_json::from_str(json).map_err(|e| malformed(&e))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| malformed(&e))?;
    let floats = |data: &[u8]| {
        data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    };
    let values =
        tensors.iter().map(|(name, view)| (name.to_owned(), floats(view.data()))).collect();
    Ok(Some((state, values)))
}
