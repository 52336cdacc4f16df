//! What trainings leave behind.

use std::path::Path;

use clstm_report::Run;

use crate::folder::Folder;
use crate::safetensors_file::without_checksum;

/// A checkpoint as it is, and without its checksum.
pub(crate) fn checkpoint(data: &[u8]) {
    let folder = Folder::new();
    for data in [Some(data.to_vec()), without_checksum(data)].into_iter().flatten() {
        let path = folder.file("checkpoint.safetensors", &data);
        let _ = clstm_train::check_checkpoint(&path);
    }
}

/// Files of a run, one of which is replaced: the first byte selects it.
const FILES: [&str; 6] = [
    "metrics.json",
    "recipe.json",
    "fold-1/metrics.json",
    "fold-1/history.json",
    "fold-1/predictions.jsonl",
    "fold-1/features.safetensors",
];

/// A run with one file of any content.
pub(crate) fn run_folder(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let replaced = FILES[usize::from(first) % FILES.len()];
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/release-0.1/run");
    let folder = Folder::new();
    for name in FILES {
        match name == replaced {
            true => folder.file(name, data),
            false => {
                let bytes = std::fs::read(fixture.join(name));
                folder.file(name, &bytes.unwrap_or_else(|error| panic!("{name}: {error}")))
            }
        };
    }
    let Ok(run) = Run::read(folder.path()) else { return };
    for fold in &run.folds {
        let figures = run.metrics.folds.iter().any(|figures| figures.fold == fold.number);
        assert!(figures, "a fold without figures");
    }
    let _ = clstm_train::aggregate_folds(folder.path());
}
