//! Finished runs as their folders have them. Nothing in them is trusted.

mod discover;
mod files;
mod history;
mod metrics;

use std::path::Path;

use clstm_eval::{
    DeepFeatures, DimensionSummary, Environment, EvalProtocol, Prediction, RunInputs, RunMetrics,
    read_predictions,
};
use serde_json::Value;

use crate::ReportError;

pub use discover::discover;
pub use history::{EpochPoint, Seen};

/// A finished cross-validation.
#[derive(Clone, Debug)]
pub struct Run {
    /// The name of its folder.
    pub name: String,
    /// `metrics.json`.
    pub metrics: RunMetrics,
    /// `recipe.json`, whatever release wrote it.
    pub recipe: Option<Value>,
    /// `inputs.json`; none of release 0.1.
    pub inputs: Option<RunInputs>,
    /// The folds that are done, ascending, like those of `metrics`.
    pub folds: Vec<RunFold>,
    /// What is missing or odd, as sentences for people.
    pub notes: Vec<String>,
}

/// What the folder of a fold has beside its figures.
#[derive(Clone, Debug, Default)]
pub struct RunFold {
    /// From 1.
    pub number: usize,
    /// `predictions.jsonl`.
    pub predictions: Option<Vec<Prediction>>,
    /// `history.json`.
    pub history: Option<Vec<EpochPoint>>,
    /// `features.safetensors`.
    pub features: Option<DeepFeatures>,
    /// `environment.json`.
    pub environment: Option<Environment>,
}

impl Run {
    /// Reads the folder of a run; files that are not there are noted, not missed.
    ///
    /// # Errors
    /// [`ReportError::NoRun`]; [`ReportError::Io`]; [`ReportError::Malformed`] where a file is not what it
    /// should be, its figures do not fit together, or predictions are not those that were counted.
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let (metrics, mut notes) = metrics::read(folder)?;
        let recipe_path = folder.join("recipe.json");
        let recipe = match recipe_path.exists() {
            true => Some(files::json(&recipe_path)?),
            false => None,
        };
        if recipe.is_none() {
            notes.push("There is no recipe.json: the settings are not known in full.".to_owned());
        }
        let folds = metrics.folds.iter().map(|fold| {
            let folder = folder.join(format!("fold-{}", fold.fold));
            RunFold::read(&folder, fold, metrics.labels.len())
        });
        let folds = folds.collect::<Result<Vec<_>, _>>()?;
        let inputs = RunInputs::read(folder)?;
        let joined = !folder.join("metrics.json").is_file();
        let run = Self { name: name_of(folder), metrics, recipe, inputs, folds, notes };
        let run = if joined { run.with_joined_dimensions() } else { run };
        Ok(run.with_gaps_noted())
    }

    /// How the figures were obtained.
    #[must_use]
    pub fn protocol(&self) -> &EvalProtocol {
        &self.metrics.protocol
    }

    /// Every fold's predictions together; none where those of a fold are missing.
    #[must_use]
    pub fn predictions(&self) -> Option<Vec<Prediction>> {
        let all: Option<Vec<&Vec<Prediction>>> =
            self.folds.iter().map(|fold| fold.predictions.as_ref()).collect();
        Some(all?.into_iter().flatten().cloned().collect())
    }

    /// Computes the figures of continuous targets, which the records of the folds have for each fold only.
    fn with_joined_dimensions(mut self) -> Self {
        if let Some(all) = self.predictions() {
            self.metrics.dimensions = DimensionSummary::of(&all, self.metrics.protocol.seed);
        } else if self.metrics.folds.iter().any(|fold| !fold.dimensions.is_empty()) {
            let note = "No figures of continuous targets: they take the predictions of every fold.";
            self.notes.push(note.to_owned());
        }
        self
    }

    /// Notes what some folds have and others lack, and what none has.
    fn with_gaps_noted(mut self) -> Self {
        type Lacks = fn(&RunFold) -> bool;
        let gaps: [(&str, Lacks, &str); 3] = [
            (
                "predictions.jsonl",
                |fold| fold.predictions.is_none(),
                "no intervals, no paired tests",
            ),
            ("history.json", |fold| fold.history.is_none(), "their curves are not drawn"),
            ("features.safetensors", |fold| fold.features.is_none(), "no embeddings of them"),
        ];
        for (file, lacks, so) in gaps {
            let without: Vec<usize> =
                self.folds.iter().filter(|fold| lacks(fold)).map(|fold| fold.number).collect();
            if without.len() == self.folds.len() {
                self.notes.push(format!("No fold has {file}: {so}."));
            } else if !without.is_empty() {
                let folds = numbers(&without);
                self.notes.push(format!("{file} is missing in {folds}: {so}."));
            }
        }
        self
    }
}

impl RunFold {
    fn read(
        folder: &Path,
        fold: &clstm_eval::FoldMetrics,
        classes: usize,
    ) -> Result<Self, ReportError> {
        let there = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        let mut read = Self { number: fold.fold, ..Self::default() };
        if let Some(path) = there("predictions.jsonl") {
            files::check_size(&path)?;
            let mut predictions = read_predictions(&path, classes)?;
            metrics::check_predictions(&path, &predictions, fold)?;
            // Where a fold tests one speaker, its utterances are that speaker's.
            if let [speaker] = &fold.test_speakers[..] {
                for prediction in predictions.iter_mut().filter(|p| p.speaker.is_none()) {
                    prediction.speaker = Some(speaker.clone());
                }
            }
            read.predictions = Some(predictions);
        }
        if let Some(path) = there("history.json") {
            read.history = Some(history::read(&path)?);
        }
        if let Some(path) = there("features.safetensors") {
            files::check_size(&path)?;
            read.features = Some(DeepFeatures::read(&path, classes)?);
        }
        if let Some(path) = there("environment.json") {
            read.environment = Some(files::json(&path)?);
        }
        Ok(read)
    }
}

/// "fold 2", "folds 2, 3".
pub(crate) fn numbers(folds: &[usize]) -> String {
    let list: Vec<String> = folds.iter().map(ToString::to_string).collect();
    format!("fold{} {}", if folds.len() == 1 { "" } else { "s" }, list.join(", "))
}

fn name_of(folder: &Path) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    // `.` and `..` have no name of their own.
    let full = || folder.canonicalize().ok().as_deref().and_then(name);
    name(folder).or_else(full).unwrap_or_else(|| "run".to_owned())
}
