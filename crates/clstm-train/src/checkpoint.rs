//! The whole state of a training in one file.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use clstm::write_atomic;
use clstm_eval::sha256;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::history::EpochSums;
use crate::validation::EarlyStopping;
use crate::{EpochRecord, Recipe, TrainError};

/// The position of a training in its schedule.
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

/// A checkpoint that was read back.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) state: State,
    pub(crate) values: Values,
    /// Why the checkpoint itself could not be used: this is the one before.
    pub(crate) damage: Option<String>,
}

const KEY: &str = "clstm-checkpoint-1";
/// Key of the checksum over state and values.
const CHECKSUM: &str = "sha256";

/// Where the checkpoint before the last one is kept.
pub(crate) fn previous(path: &Path) -> PathBuf {
    path.with_extension("previous.safetensors")
}

/// Writes state and values as one file, whole or not at all, and keeps the checkpoint that was there as the
/// [`previous`] one.
pub(crate) fn write(path: &Path, state: &State, values: &Values) -> Result<(), TrainError> {
    let json = serde_json::to_string(state).map_err(|e| TrainError::malformed(path, e))?;
    let bytes: BTreeMap<&str, Vec<u8>> = values
        .iter()
        .map(|(name, values)| {
            (name.as_str(), values.iter().flat_map(|v| v.to_le_bytes()).collect())
        })
        .collect();
    let views: Result<Vec<_>, _> = bytes
        .iter()
        .map(|(name, b)| TensorView::new(Dtype::F32, vec![b.len() / 4], b).map(|v| (*name, v)))
        .collect();
    let views = views.map_err(|e| TrainError::malformed(path, e))?;
    let sum = checksum(&json, bytes.iter().map(|(name, bytes)| (*name, &bytes[..])));
    let header = HashMap::from([(KEY.to_owned(), json), (CHECKSUM.to_owned(), sum)]);
    let file =
        safetensors::serialize(views, Some(header)).map_err(|e| TrainError::malformed(path, e))?;
    match std::fs::rename(path, previous(path)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(TrainError::io(path, e)),
        _ => {}
    }
    write_atomic(path, &file).map_err(|e| TrainError::io(path, e))
}

/// Removes the [`previous`] checkpoint of a training that has ended.
pub(crate) fn remove_previous(path: &Path) -> Result<(), TrainError> {
    match std::fs::remove_file(previous(path)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(TrainError::io(path, e)),
        _ => Ok(()),
    }
}

/// Reads a checkpoint back, or the one before where it is damaged or missing; none where there is neither.
///
/// # Errors
/// [`TrainError::Malformed`] where it is damaged and there is none before; [`TrainError::Io`].
pub(crate) fn read(path: &Path) -> Result<Option<Loaded>, TrainError> {
    let damage = match read_one(path) {
        Ok(Some((state, values))) => return Ok(Some(Loaded { state, values, damage: None })),
        Ok(None) => None,
        Err(TrainError::Malformed { reason, .. }) => Some(reason),
        Err(error) => return Err(error),
    };
    match (read_one(&previous(path)), damage) {
        (Ok(Some((state, values))), damage) => {
            let damage = Some(damage.unwrap_or_else(|| "it is missing".to_owned()));
            Ok(Some(Loaded { state, values, damage }))
        }
        (_, Some(reason)) => Err(TrainError::malformed(
            path,
            format!("{reason}; no checkpoint before it can be used: delete it to start again"),
        )),
        (Ok(None), None) => Ok(None),
        (Err(error), None) => Err(error),
    }
}

/// Whether a file is a checkpoint that a training could continue from: for the fuzzers, which cannot wait for a training.
///
/// # Errors
/// Those of reading it.
#[doc(hidden)]
pub fn check_checkpoint(path: &Path) -> Result<bool, TrainError> {
    Ok(read_one(path)?.is_some())
}

fn read_one(path: &Path) -> Result<Option<(State, Values)>, TrainError> {
    // A pipe would wait for a writer, and a device may have no end.
    let read = match path.metadata() {
        Ok(about) if !about.is_file() => return Err(TrainError::malformed(path, "it is no file")),
        Ok(_) => std::fs::read(path),
        Err(error) => Err(error),
    };
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(TrainError::io(path, e)),
    };
    let malformed = |e: &dyn std::fmt::Display| TrainError::malformed(path, e);
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| malformed(&e))?;
    let entry = |key: &str| header.metadata().as_ref().and_then(|m| m.get(key));
    let json = entry(KEY).ok_or_else(|| malformed(&"not a checkpoint of this version"))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| malformed(&e))?;
    let data: BTreeMap<&str, &[u8]> =
        tensors.iter().map(|(name, view)| (name, view.data())).collect();
    let sum = || checksum(json, data.iter().map(|(name, bytes)| (*name, *bytes)));
    // Checkpoints of release 0.1 have none.
    if entry(CHECKSUM).is_some_and(|known| *known != sum()) {
        return Err(malformed(&"its checksum does not match: it was damaged"));
    }
    let state: State = serde_json::from_str(json).map_err(|e| malformed(&e))?;
    if let Some(impossible) = state.impossible() {
        return Err(malformed(&impossible));
    }
    let floats = |data: &[u8]| {
        data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    };
    let values = data.into_iter().map(|(name, data)| (name.to_owned(), floats(data))).collect();
    Ok(Some((state, values)))
}

/// SHA-256 over the state, then each tensor's name and data, sorted by name.
fn checksum<'a>(state: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut content = state.as_bytes().to_vec();
    for (name, data) in tensors {
        content.extend(format!("\n{name} {}\n", data.len()).bytes());
        content.extend(data);
    }
    sha256(&content)
}

impl State {
    /// What no training can have written, if there is something.
    fn impossible(&self) -> Option<String> {
        let Self { recipe, epoch, history, seconds, .. } = self;
        let numbered = history.iter().zip(1..).all(|(record, number)| record.epoch == number);
        if *epoch > recipe.epochs || *epoch != history.len() || !numbered {
            let records = history.len();
            return Some(format!(
                "epoch {epoch} of {} with {records} records cannot be",
                recipe.epochs
            ));
        }
        (!(seconds.is_finite() && *seconds >= 0.0))
            .then(|| format!("a time of {seconds} s cannot be"))
    }
}

#[cfg(test)]
mod tests {
    use clstm_nn::Preset;

    use super::{State, Values, previous, read, remove_previous, write};
    use crate::Recipe;
    use crate::history::EpochSums;

    fn state(step: usize) -> State {
        let recipe = Recipe::new(Preset::Clstm, 8);
        State {
            sums: EpochSums::new(&recipe),
            recipe,
            data: "a digest".to_owned(),
            epoch: 0,
            step,
            step_index: step as u64,
            history: Vec::new(),
            early_stopping: None,
            seconds: 1.5,
        }
    }

    #[test]
    fn a_damaged_checkpoint_gives_way_to_the_one_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint.safetensors");
        let values: Values = [("weight".to_owned(), vec![1.0, 2.0])].into();
        assert!(read(&path).expect("nothing").is_none());
        write(&path, &state(1), &values).expect("written");
        write(&path, &state(2), &values).expect("written");
        let whole = std::fs::read(&path).expect("bytes");
        let found = read(&path).expect("read").expect("a checkpoint");
        assert_eq!((found.state.step, &found.values, found.damage), (2, &values, None));
        let mut damaged = vec![Vec::new(), vec![0; whole.len()], whole[..whole.len() - 1].to_vec()];
        for at in [whole.len() - 1, whole.len() - 8, whole.len() / 2] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            damaged.push(flipped);
        }
        for bytes in damaged {
            std::fs::write(&path, bytes).expect("written");
            let found = read(&path).expect("the one before").expect("a checkpoint");
            assert_eq!((found.state.step, found.damage.is_some()), (1, true));
        }
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(read(&path).expect("read").expect("the one before").state.step, 1);
        std::fs::write(&path, [0; 99]).expect("written");
        remove_previous(&path).expect("removed");
        assert!(!previous(&path).exists());
        let error = read(&path).expect_err("nothing is left").to_string();
        assert!(error.contains("delete it to start again"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_gives_way_to_the_one_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint.safetensors");
        write(&path, &state(1), &Values::new()).expect("written");
        write(&path, &state(2), &Values::new()).expect("written");
        for target in ["/dev/zero", "."] {
            std::fs::remove_file(&path).expect("removed");
            std::os::unix::fs::symlink(target, &path).expect("a link");
            let found = read(&path).expect("the one before").expect("a checkpoint");
            assert_eq!((found.state.step, found.damage.is_some()), (1, true), "{target}");
        }
    }

    #[test]
    fn an_impossible_epoch_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint.safetensors");
        for state in [State { epoch: 9_999, ..state(0) }, State { epoch: 1, ..state(0) }] {
            write(&path, &state, &Values::new()).expect("written");
            remove_previous(&path).expect("removed");
            let error = read(&path).expect_err("impossible").to_string();
            assert!(error.contains("cannot be"), "{error}");
        }
    }
}
