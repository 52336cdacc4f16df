//! Reads reference vectors: every safetensors file of a folder whose header names the layer.
//!
//! The folders are `$CLSTM_REFERENCE_DIR` or else `../shared/reference` seen from the project's
//! root, where they exist, and always the small set committed under `fixtures/reference`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;

/// One file: tensors by name and the header's metadata.
pub(crate) struct Reference {
    pub(crate) file: PathBuf,
    pub(crate) metadata: HashMap<String, String>,
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Reference {
    fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a safetensors header");
        let parsed = SafeTensors::deserialize(&bytes).expect("a safetensors file");
        let floats = |data: &[u8]| {
            data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
        };
        let tensors = parsed
            .iter()
            .map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), floats(view.data()))))
            .collect();
        Self {
            file: file.to_owned(),
            metadata: header.metadata().clone().unwrap_or_default(),
            tensors,
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&[f32]> {
        self.tensors.get(name).map(|(_, data)| &data[..])
    }

    pub(crate) fn data(&self, name: &str) -> &[f32] {
        self.find(name).unwrap_or_else(|| panic!("{}: no tensor {name}", self.file.display()))
    }

    pub(crate) fn shape(&self, name: &str) -> &[usize] {
        match self.tensors.get(name) {
            Some((shape, _)) => shape,
            None => panic!("{}: no tensor {name}", self.file.display()),
        }
    }

    /// A number of the header, or `default` where the header does not state it.
    pub(crate) fn number(&self, key: &str, default: usize) -> usize {
        self.metadata.get(key).map_or(default, |v| v.parse().expect("a number in the header"))
    }

    /// Outputs agree to `2e-6` absolute.
    pub(crate) fn assert_output(&self, name: &str, actual: &[f32]) {
        let expected = self.data(&format!("out.{name}"));
        self.assert_within(name, expected, actual, 2e-6);
    }

    /// Gradients agree to `1e-5` of the tensor's largest magnitude (or `1e-6` where that is tiny).
    pub(crate) fn assert_gradient(&self, name: &str, actual: &[f32]) {
        let expected = self.data(&format!("grad.{name}"));
        let largest = expected.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        self.assert_within(name, expected, actual, (1e-5 * largest).max(1e-6));
    }

    fn assert_within(&self, name: &str, expected: &[f32], actual: &[f32], bound: f32) {
        assert_eq!(expected.len(), actual.len(), "{}: size of {name}", self.file.display());
        for (i, (e, a)) in expected.iter().zip(actual).enumerate() {
            let difference = (e - a).abs();
            assert!(
                difference <= bound,
                "{}: {name}[{i}] = {a}, reference {e}, off by {difference:e} > {bound:e}",
                self.file.display()
            );
        }
    }
}

/// All files for `layer`; at least the committed ones.
///
/// # Panics
/// If there is none: a check over nothing would pass for the wrong reason.
pub(crate) fn references(layer: &str) -> Vec<Reference> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let outside = std::env::var_os("CLSTM_REFERENCE_DIR")
        .map_or_else(|| root.join("../shared/reference"), PathBuf::from);
    let mut files = Vec::new();
    for folder in [outside, root.join("fixtures/reference")] {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: no reference vectors at {}", folder.display());
            continue;
        };
        files.extend(entries.map(|e| e.expect("a readable folder").path()));
    }
    files.retain(|f| f.extension().is_some_and(|e| e == "safetensors"));
    files.sort();
    let mut found: Vec<_> = files.iter().map(|f| Reference::read(f)).collect();
    found.retain(|r| r.metadata.get("layer").is_some_and(|l| l == layer));
    assert!(!found.is_empty(), "no reference vectors for {layer}");
    found
}
