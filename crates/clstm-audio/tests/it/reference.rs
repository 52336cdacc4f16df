//! RMS normalisation against float64 references.
//!
//! Each safetensors file whose header has `layer = rms_normalize` is checked: those beside the
//! tests, and those of the folder that `CLSTM_REFERENCE_DIR` names.

use std::path::{Path, PathBuf};

use clstm_audio::{Level, rms_normalize};
use safetensors::SafeTensors;

use crate::support::skip;

/// Largest difference of an output, as the references require.
const TOLERANCE: f32 = 2e-6;

#[test]
fn references_of_our_own() {
    let folder =
        [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/reference"].iter().collect::<PathBuf>();
    assert!(check_folder(&folder) >= 3);
}

#[test]
fn shared_references() {
    let folder = match std::env::var_os("CLSTM_REFERENCE_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference").into(),
    };
    if !folder.is_dir() {
        return skip("reference", &format!("{}; set CLSTM_REFERENCE_DIR", folder.display()));
    }
    assert!(check_folder(&folder) >= 1, "no rms_normalize reference in {}", folder.display());
}

/// Checks the files of a folder and returns their number.
fn check_folder(folder: &Path) -> usize {
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "safetensors") {
            checked += usize::from(check_file(&path));
        }
    }
    checked
}

fn check_file(path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone().unwrap_or_default();
    if metadata.get("layer").map(String::as_str) != Some("rms_normalize") {
        return false;
    }
    let target: f32 = metadata["target_rms"].parse().unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let x = floats(&tensors, "x");
    let (want, gains) = (floats(&tensors, "out.y"), floats(&tensors, "out.gain"));
    assert_eq!(x.len(), want.len());
    let length = x.len() / gains.len();

    for (row, (x, want)) in x.chunks(length).zip(want.chunks(length)).enumerate() {
        let mut got = x.to_vec();
        let level = rms_normalize(&mut got, target);
        let Level::Scaled { gain } = level else { panic!("{}: silent", path.display()) };
        let relative = (gain / gains[row] - 1.0).abs();
        assert!(relative < 1e-6, "{} row {row}: gain {gain}", path.display());
        for (n, (got, want)) in got.iter().zip(want).enumerate() {
            let error = (got - want).abs();
            assert!(error <= TOLERANCE, "{} row {row} sample {n}: {got} {want}", path.display());
        }
    }
    true
}

fn floats(tensors: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let data = tensors.tensor(name).unwrap().data();
    data.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}
