//! Runs among folders.

use std::path::{Path, PathBuf};

use clstm_nn::Preset;

use crate::ReportError;

/// The folders of runs: each of `paths` that is one, and the runs directly in those that are not, such as
/// the folder of an ablation. Those of presets come in the order of the paper's Table 1, others by name.
///
/// # Errors
/// [`ReportError::NoRun`] for a path that neither is a run nor has one.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ReportError> {
    let mut found = Vec::new();
    for path in paths {
        if is_run(path) {
            found.push(path.clone());
            continue;
        }
        let mut inside: Vec<PathBuf> = entries(path)?.into_iter().filter(|p| is_run(p)).collect();
        if inside.is_empty() {
            return Err(ReportError::NoRun { path: path.clone() });
        }
        inside.sort_by_key(|path| (rank(path), path.clone()));
        found.append(&mut inside);
    }
    let mut once: Vec<PathBuf> = Vec::new();
    found.into_iter().for_each(|path| {
        if !once.contains(&path) {
            once.push(path);
        }
    });
    Ok(once)
}

/// Whether a folder has the record of a run, or of a fold of one.
pub(super) fn is_run(path: &Path) -> bool {
    // A fold's own folder has a record too, but of another form.
    let fold = path.join("predictions.jsonl").exists() || path.join("history.json").exists();
    !fold && (path.join("metrics.json").is_file() || !folds_in(path).is_empty())
}

/// The `fold-N` with a record in a folder, ascending.
pub(super) fn folds_in(path: &Path) -> Vec<(usize, PathBuf)> {
    let number = |path: &PathBuf| -> Option<usize> {
        path.file_name()?.to_str()?.strip_prefix("fold-")?.parse().ok()
    };
    let mut folds: Vec<(usize, PathBuf)> = entries(path)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|path| Some((number(&path)?, path)))
        .filter(|(_, path)| path.join("metrics.json").is_file())
        .collect();
    folds.sort();
    folds
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let entries = std::fs::read_dir(path).map_err(|e| ReportError::io(path, e))?;
    entries.map(|entry| entry.map(|e| e.path()).map_err(|e| ReportError::io(path, e))).collect()
}

/// Place among the presets.
fn rank(path: &Path) -> usize {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Preset::ALL.iter().position(|preset| preset.name() == name).unwrap_or(Preset::ALL.len())
}
