//! What a run leaves in its folder: `metrics.json`.

use std::path::Path;

use clstm::replace_file;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{HeldOutTemperature, Metrics, Recipe, RunCalibration, TrainError};

/// How figures were obtained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Corpus name.
    pub corpus: String,
    /// `random`, `speaker`, `emobox`, `session`.
    pub split: String,
    /// Number of folds.
    pub folds: usize,
    /// Seed of the training, and of the split where that has none of its own.
    pub seed: u64,
    /// Seed of the split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold_seed: Option<u64>,
    /// Models whose probabilities are averaged, trained from different seeds; `seed` is the first's.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub models: usize,
    /// Preset of the network.
    pub preset: String,
    /// Epochs of each fold.
    pub epochs: usize,
    /// Arithmetic of the training.
    pub precision: String,
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
    /// One line for people: what was split how, and whether speakers are shared. The arithmetic is
    /// named where it is not `f32`.
    #[must_use]
    pub fn describe(&self) -> String {
        let speakers = match self.split.as_str() {
            "random" => "speakers in training and test",
            // What it keeps apart depends on the corpus, which a run's books do not hold.
            "given" => "speakers as the given split has them",
            _ => "speaker-independent",
        };
        // Model files hold such sentences of runs from before there was a choice: f32 keeps its own.
        let arithmetic = match self.precision.as_str() {
            "" | "f32" => String::new(),
            other => format!(", {other}"),
        };
        let folds = self.fold_seed.map_or(String::new(), |seed| format!(" of seed {seed}"));
        let models = match self.models {
            1 => String::new(),
            count => format!(", mean of {count} models from different seeds"),
        };
        format!(
            "{}, {} split ({speakers}), {} folds{folds}, {} epochs, seed {}{arithmetic}{models}",
            self.corpus, self.split, self.folds, self.epochs, self.seed
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_temperature: Option<HeldOutTemperature>,
}

impl FoldMetrics {
    /// The full figures, from the confusion matrix.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::from_confusion(self.confusion.clone())
    }
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
        Self {
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
    replace_file(path, &text).map_err(|e| TrainError::io(path, e))
}

/// Makes a folder and its parents.
pub(crate) fn make_folder(path: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(path).map_err(|e| TrainError::io(path, e))
}
