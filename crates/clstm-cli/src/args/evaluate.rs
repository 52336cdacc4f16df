use std::path::PathBuf;

use clap::Args;
use clstm::nn::{DeviceName, Precision};
use clstm_corpus::Split;

use super::{CorpusChoice, Format, Leakage};

const EXAMPLES: &str = "\
Examples:
  clstm evaluate --model runs/emobox/fold-2/model.safetensors --corpus ravdess \\
      --data data/ravdess --split emobox --fold 2
  clstm evaluate --model M --corpus manifest --data mine.csv
  clstm evaluate --model M --corpus ravdess --data data/ravdess --predictions answers.jsonl

Figures on recordings or speakers that the model was trained on say nothing of new ones: the
command warns where the model file tells of such.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvaluateArgs {
    /// Name of a built-in model or a model file [default: the built-in one, where there is one].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: CorpusChoice,
    /// Only the test utterances of a fold of this split: random, speaker, emobox, session,
    /// luna-jimenez, loso or given.
    #[arg(long, requires = "fold")]
    pub(crate) split: Option<Split>,
    #[command(flatten)]
    pub(crate) leakage: Leakage,
    /// Number of folds [default: 5, or as many as the split has].
    #[arg(long, value_name = "N", requires = "split")]
    pub(crate) folds: Option<usize>,
    /// The fold, from 1.
    #[arg(long, value_name = "K", requires = "split")]
    pub(crate) fold: Option<usize>,
    /// Seed of the training, and of the split [default: the one that the model was trained with].
    #[arg(long, value_name = "N", requires = "split")]
    pub(crate) seed: Option<u64>,
    /// Seed of the split alone, where the run had a --fold-seed.
    #[arg(long, value_name = "N", requires = "split")]
    pub(crate) fold_seed: Option<u64>,
    /// Arithmetic: f32, or bf16 for the operands of the recurrent layers' products.
    #[arg(long, value_name = "f32|bf16", default_value_t = Precision::F32)]
    pub(crate) precision: Precision,
    /// What computes: cpu, or cuda (the first NVIDIA GPU, in f32) in builds with that feature.
    #[arg(long, value_name = "cpu|cuda", default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// How to print the figures.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// File for the figures instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// File for the answer to each utterance: lines as of `predict --format jsonl`, with `id` and
    /// `truth`.
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) predictions: Option<PathBuf>,
}
