use std::path::PathBuf;

use clap::Args;
use clstm_corpus::Split;
use clstm_nn::{DeviceName, Precision};

use super::{CorpusArgs, Format, LeakageArgs, numbers};

const EXAMPLES: &str = "\
Examples:
  clstm evaluate --model runs/emobox/fold-2/model.safetensors --corpus ravdess \\
      --data data/ravdess --split emobox --fold 2
  clstm evaluate --model M --corpus manifest --data mine.csv
  clstm evaluate --model M --corpus ravdess --data data/ravdess --predictions predictions.jsonl
  clstm evaluate --corpus emo-db --data data/emo-db --classes basic-six
  clstm evaluate --model M --corpus savee --data S --corpus nemo --data N --label-map basic-six \\
      --calibrate calibrated.safetensors
  clstm evaluate runs/random --corpus ravdess --data data/ravdess --tta-shifts 4 --tta-polarity \\
      --output runs/random-tta

--calibrate fits a temperature and a scaling of the confidence (docs/training.md). The printed calibration errors \
are cross-fitted: each corpus of a join, or each group of speakers, is measured with the calibration of the others.

With RUN, each fold's model is tested again on its own test utterances, without training. --output is the \
folder of the new run, whose models apply the same test-time augmentation (TTA). TTA averages the logits \
over copies of the input: shifted by 0, 1/N, ..., (N-1)/N of a time step and, with --tta-polarity, also inverted. \
The inference time is multiplied by the number of copies.

Scores on recordings or speakers of the training are not valid for new ones. The command prints a warning if \
the model file shows such an overlap.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvaluateArgs {
    /// Folder of a cross-validation, to test its folds again; instead of --model.
    #[arg(
        value_name = "RUN",
        requires = "output",
        conflicts_with_all = ["model", "split", "predictions", "allow_leakage", "format"]
    )]
    pub(crate) run: Option<PathBuf>,
    /// Name of a built-in model (multi, open, ravdess-clstm-plus), a model file, or a folder with a model.safetensors
    /// [default: multi].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: CorpusArgs,
    /// Only the test utterances of one fold of this split: random, speaker, emobox, luna-jimenez, text,
    /// text-speaker, session, loso, corpus or given.
    #[arg(long, requires = "fold")]
    pub(crate) split: Option<Split>,
    #[command(flatten)]
    pub(crate) leakage: LeakageArgs,
    /// Number of folds [default: 5, or as many as the split has].
    #[arg(long, value_name = "N", requires = "split", value_parser = numbers::number)]
    pub(crate) folds: Option<usize>,
    /// The fold, from 1.
    #[arg(long, value_name = "K", requires = "split", value_parser = numbers::number)]
    pub(crate) fold: Option<usize>,
    /// Seed of the training and of the split [default: the one that the model was trained with].
    #[arg(long, value_name = "N", requires = "split", value_parser = numbers::seed)]
    pub(crate) seed: Option<u64>,
    /// Seed of the split, for runs with a --fold-seed.
    #[arg(long, value_name = "N", requires = "split", value_parser = numbers::seed)]
    pub(crate) fold_seed: Option<u64>,
    /// Test-time augmentation: number of shifts of the first time step [default: as the model].
    #[arg(long, value_name = "N", value_parser = numbers::shifts)]
    pub(crate) tta_shifts: Option<usize>,
    /// Test-time augmentation: also process each input with inverted polarity.
    #[arg(long)]
    pub(crate) tta_polarity: bool,
    /// Merge the model's classes into fewer before scoring: basic-four, basic-six, or a label map, as in predict. The
    /// labels of the corpus are merged by the same map, or by --label-map; utterances of other classes are left out.
    #[arg(long, value_name = "NAME|MAP.toml", conflicts_with = "run")]
    pub(crate) classes: Option<PathBuf>,
    /// Arithmetic: f32, or bf16 for the operands of the recurrent layers' products.
    #[arg(long, value_name = "f32|bf16", default_value_t = Precision::F32)]
    pub(crate) precision: Precision,
    /// Device: cpu, or cuda (the first NVIDIA GPU, f32; experimental) in builds with that feature.
    #[arg(long, value_name = "cpu|cuda", default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Write the figures to this file instead of standard output; with RUN, folder of the new run.
    #[arg(long, value_name = "FILE|RUN")]
    pub(crate) output: Option<PathBuf>,
    /// Replace existing files.
    #[arg(long, conflicts_with = "run")]
    pub(crate) force: bool,
    /// Predict only classes that occur among the tested utterances, as comparisons between corpora with different
    /// classes do.
    #[arg(long, conflicts_with = "run")]
    pub(crate) closed_set: bool,
    /// Calibrate the model's confidence and abstention threshold on these utterances, and write the calibrated model
    /// to this file. The model must not have been trained on them or on their speakers.
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["run", "split", "classes", "closed_set", "tta_shifts", "tta_polarity"])]
    pub(crate) calibrate: Option<PathBuf>,
    /// Name of the calibrated model [default: as before].
    #[arg(long, value_name = "NAME", requires = "calibrate")]
    pub(crate) name: Option<String>,
    /// Write the prediction for each utterance to this file, in the format of `predict --format jsonl` with
    /// `id` and `truth`.
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) predictions: Option<PathBuf>,
}
