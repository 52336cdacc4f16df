//! What a run leaves in its folder: `metrics.json`.

use std::path::Path;

use clstm::write_atomic;
use clstm_corpus::{
    Fold, HoldOutUnit, LeakageCounts, Split, Target, describe_corpus, leakage_counts,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    BuiltOn, Dataset, HeldOutScaling, Metrics, Recipe, RunCalibration, TrainError, ValidationConfig,
};

/// How figures were obtained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Corpus name, or the names of joined corpora with `+` between them.
    pub corpus: String,
    /// What the classes are classes of, where that is not the corpus's labels; see
    /// [`clstm_corpus::Target`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The label map that made the classes, see [`clstm_corpus::LabelMap::name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_map: Option<String>,
    /// Name of the [`clstm_corpus::Split`].
    pub split: String,
    /// Whether the split keeps speakers apart; none where its name says it, and where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speakers_apart: Option<bool>,
    /// What is on both sides of the split, and was allowed to be by name.
    #[serde(default, skip_serializing_if = "LeakageCounts::is_clean")]
    pub leakage: LeakageCounts,
    /// Number of folds.
    pub folds: usize,
    /// Seed of the training, and of the split where that has none of its own.
    pub seed: u64,
    /// Seed of the split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold_seed: Option<u64>,
    /// Models whose probabilities are averaged; `seed` is the first's.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub models: usize,
    /// Preset and training of each of these models, in words; empty where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// Preset of the network.
    pub preset: String,
    /// What the models of this run started from; none where their weights were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_from: Option<String>,
    /// Presets of the models that taught those of this run; none where labels alone did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taught_by: Option<String>,
    /// Epochs of each fold; at most, where validation may end a training.
    pub epochs: usize,
    /// Validation inside the training; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<ValidationConfig>,
    /// Arithmetic of the training.
    pub precision: String,
    /// Hearings of each test utterance whose logits are averaged, see [`clstm::TtaConfig`].
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub views: usize,
    /// Whether anything was chosen by the test utterances: never.
    pub test_used_for_selection: bool,
}

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

impl Protocol {
    /// Of a split and its folds, for a training that is told of otherwise.
    #[must_use]
    pub fn of(dataset: &Dataset, split: Split, folds: &[Fold], seed: u64) -> Self {
        let corpus = &dataset.corpus;
        let leakage = leakage_counts(corpus, &dataset.groups, folds, split);
        let named = corpus.utterances.iter().all(|u| u.speaker().is_some());
        let promised = split == Split::Given || split.keeps_speakers_apart(corpus);
        let apart = promised && leakage.speakers == 0 && corpus.target != Target::Speaker;
        Self {
            corpus: corpus.name.clone(),
            target: corpus.target_name(),
            label_map: corpus.label_map.clone(),
            split: split.to_string(),
            // Of the other splits the name says it.
            speakers_apart: (named && split != Split::Random && (split == Split::Given || !apart))
                .then_some(apart),
            leakage,
            folds: folds.len(),
            seed,
            fold_seed: None,
            models: 1,
            members: Vec::new(),
            preset: String::new(),
            epochs: 0,
            started_from: None,
            taught_by: None,
            validation: None,
            precision: String::new(),
            views: 1,
            test_used_for_selection: false,
        }
    }

    /// What is the same of runs on the same folds, however their models were trained. Whether folds that are
    /// drawn are the same ones, only their utterances tell.
    pub(crate) fn of_any_model(&self) -> Self {
        Self {
            seed: 0,
            fold_seed: None,
            preset: String::new(),
            epochs: 0,
            precision: String::new(),
            validation: None,
            started_from: None,
            taught_by: None,
            models: 1,
            members: Vec::new(),
            views: 1,
            ..self.clone()
        }
    }

    /// Whether no speaker is in training and test.
    #[must_use]
    pub fn is_speaker_independent(&self) -> bool {
        match self.split.as_str() {
            "random" => false,
            "given" => self.speakers_apart == Some(true),
            _ => self.speakers_apart.unwrap_or(self.leakage.speakers == 0),
        }
    }

    /// Whether speakers are in training and test, in words.
    #[must_use]
    pub fn speakers(&self) -> &'static str {
        match (self.split.as_str(), self.speakers_apart) {
            _ if self.is_speaker_independent() => "speaker-independent",
            ("given", None) => "speakers not named",
            _ => "speakers in training and test",
        }
    }

    /// One line for people: what was split how, whether speakers are shared, and what leaks. The
    /// arithmetic is named where it is not `f32`.
    #[must_use]
    pub fn describe(&self) -> String {
        let speakers = self.speakers();
        let leakage = match self.leakage.is_clean() {
            true => String::new(),
            false => format!("; LEAKAGE: {}", self.leakage),
        };
        let folds = self.fold_seed.map_or(String::new(), |seed| format!(" of seed {seed}"));
        let training = match self.members.as_slice() {
            [] => self.training(),
            members => format!("mean of {} models ({})", self.models, members.join("; ")),
        };
        format!(
            "{}, {} split ({speakers}), {} folds{folds}, {training}{leakage}",
            describe_corpus(&self.corpus, self.target.as_deref(), self.label_map.as_deref()),
            self.split,
            self.folds,
        )
    }

    /// What this run brings into an average: itself, or the members of the average that it is.
    pub(crate) fn as_members(&self) -> Vec<String> {
        match self.members.as_slice() {
            [] => vec![format!("{}, {}", self.preset, self.training())],
            members => members.to_vec(),
        }
    }

    /// How the models were trained, in words.
    fn training(&self) -> String {
        // Model files hold such sentences of runs from before there was a choice: f32 keeps its own.
        let arithmetic = match self.precision.as_str() {
            "" | "f32" => String::new(),
            other => format!(", {other}"),
        };
        let validation = self.validation.map_or(String::new(), |config| {
            let unit = |split: Split| split.hold_out(&self.corpus);
            let by = self.split.parse().map_or(HoldOutUnit::Utterances, unit);
            format!(", {}", config.describe(by))
        });
        let built_on =
            BuiltOn { started_from: self.started_from.clone(), taught_by: self.taught_by.clone() };
        let views = match self.views {
            1 => String::new(),
            count => format!(", {count} views of each utterance"),
        };
        let models = match self.models {
            1 => String::new(),
            count if self.preset.contains('+') => {
                format!(", mean of {count} models ({})", self.preset.replace('+', ", "))
            }
            count => format!(", mean of {count} models"),
        };
        format!(
            "{} epochs, seed {}{arithmetic}{built_on}{models}{validation}{views}",
            self.epochs, self.seed
        )
    }
}

/// The figures of one fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldMetrics {
    /// From 1.
    pub fold: usize,
    /// Unweighted accuracy.
    pub ua: f64,
    /// Weighted accuracy.
    pub wa: f64,
    /// Mean F1.
    pub macro_f1: f64,
    /// `[true][predicted]`, counts.
    pub confusion: Vec<Vec<usize>>,
    /// Speakers among the test utterances.
    pub test_speakers: Vec<String>,
    /// Utterances trained on.
    pub train_utterances: usize,
    /// Utterances tested on.
    pub test_utterances: usize,
    /// Wall time of the training in seconds, resumed parts included.
    pub seconds: f64,
    /// Where the recipe has a `calibration_share`.
    #[serde(default, alias = "held_out_temperature", skip_serializing_if = "Option::is_none")]
    pub held_out_scaling: Option<HeldOutScaling>,
    /// Where the recipe has a `validation.share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<FoldValidation>,
}

impl FoldMetrics {
    /// The full figures, from the confusion matrix.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::from_confusion(self.confusion.clone())
    }
}

/// The validation part of a fold and what it decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldValidation {
    /// Utterances held out of the training.
    pub utterances: usize,
    /// Their speakers.
    pub speakers: Vec<String>,
    /// Epochs trained.
    pub epochs: usize,
    /// The epoch whose weights the fold's model has.
    pub epoch: usize,
}

/// UA, WA and macro F1, as means or deviations over folds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Means {
    /// Unweighted accuracy.
    pub ua: f64,
    /// Weighted accuracy.
    pub wa: f64,
    /// Mean F1.
    pub macro_f1: f64,
}

/// `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunMetrics {
    /// How the figures were obtained.
    pub protocol: Protocol,
    /// Numbers of the folds that are done, ascending.
    #[serde(default)]
    pub folds_done: Vec<usize>,
    /// Numbers of the folds that are not done, ascending: where there are any, all figures are partial.
    #[serde(default)]
    pub folds_missing: Vec<usize>,
    /// Folds that are done, ascending.
    pub folds: Vec<FoldMetrics>,
    /// Over the folds that are done.
    pub mean: Means,
    /// Standard deviation over the folds that are done (of a population).
    pub std: Means,
    /// Class names in the order of the confusion matrices.
    pub labels: Vec<String>,
    /// How far the confidences can be trusted; none where a single fold is done, see
    /// [`RunCalibration`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<RunCalibration>,
}

impl RunMetrics {
    /// Joins folds, without a calibration.
    #[must_use]
    pub fn new(protocol: Protocol, mut folds: Vec<FoldMetrics>, labels: Vec<String>) -> Self {
        folds.sort_by_key(|f| f.fold);
        let over = |value: fn(&FoldMetrics) -> f64| {
            let count = folds.len().max(1) as f64;
            let mean = folds.iter().map(value).sum::<f64>() / count;
            let square = folds.iter().map(|f| (value(f) - mean).powi(2)).sum::<f64>() / count;
            (mean, square.sqrt())
        };
        let (ua, wa, f1) = (over(|f| f.ua), over(|f| f.wa), over(|f| f.macro_f1));
        let folds_done: Vec<usize> = folds.iter().map(|fold| fold.fold).collect();
        Self {
            folds_missing: (1..=protocol.folds).filter(|n| !folds_done.contains(n)).collect(),
            folds_done,
            mean: Means { ua: ua.0, wa: wa.0, macro_f1: f1.0 },
            std: Means { ua: ua.1, wa: wa.1, macro_f1: f1.1 },
            protocol,
            folds,
            labels,
            calibration: None,
        }
    }

    /// Numbers of the folds that are not done.
    #[must_use]
    pub fn missing(&self) -> Vec<usize> {
        let done = |n: &usize| self.folds.iter().all(|f| f.fold != *n);
        (1..=self.protocol.folds).filter(done).collect()
    }

    /// Reads `metrics.json`.
    ///
    /// # Errors
    /// If it is missing or not of this form.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        read_json(path)
    }

    /// Writes `metrics.json`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path) -> Result<(), TrainError> {
        write_json(path, self)
    }
}

/// Makes a run's folder and puts its recipe there as `recipe.json`.
///
/// # Errors
/// [`TrainError::OtherRun`] where the folder holds a run by another recipe: finished folds cannot be
/// told from those of other settings by their figures, so mixing them must not be possible.
pub fn begin_run(out: &Path, recipe: &Recipe) -> Result<(), TrainError> {
    let path = out.join("recipe.json");
    if path.exists() && !read_json::<Recipe>(&path)?.same_training(recipe) {
        let what = "another recipe".to_owned();
        return Err(TrainError::OtherRun { path: out.to_owned(), what });
    }
    make_folder(out)?;
    write_json(&path, recipe)
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, TrainError> {
    let text = std::fs::read(path).map_err(|e| TrainError::io(path, e))?;
    serde_json::from_slice(&text).map_err(|e| TrainError::malformed(path, e))
}

pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), TrainError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| TrainError::malformed(path, e))?;
    text.push(b'\n');
    write_atomic(path, &text).map_err(|e| TrainError::io(path, e))
}

/// Makes a folder and its parents.
pub(crate) fn make_folder(path: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(path).map_err(|e| TrainError::io(path, e))
}
