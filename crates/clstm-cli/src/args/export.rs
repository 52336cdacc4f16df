use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
The ONNX graph computes probabilities from a mono waveform at the model's sample rate: level normalisation, trimming, \
windows, all branches and the calibration. It has no speech gate: every recording gets probabilities. Inputs: waveform \
[batch, samples] and lengths [batch]; outputs: probabilities, logits and features. Labels, rate and licence are in its \
metadata. docs/onnx.md has examples, and the accuracy of int8.

The folder of format huggingface has the layout of the Hugging Face hub: README.md (the model card with its metadata), \
config.json and model.safetensors. --model reads such a folder.

Examples:
  clstm export --output emotions.onnx
  clstm export --precision int8 --output small.onnx
  clstm export --model runs/all/model.safetensors --format onnx --output emotions.onnx
  clstm export --model runs/all/model.safetensors --format huggingface --output my-model";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExportArgs {
    /// Name of a built-in model (multi, open, ravdess-clstm-plus), a model file, or a folder with a model.safetensors
    /// [default: multi].
    #[arg(long, value_name = "NAME|FILE|DIR")]
    pub(crate) model: Option<PathBuf>,
    /// Format.
    #[arg(long, value_enum, default_value_t = ExportFormat::Onnx)]
    pub(crate) format: ExportFormat,
    /// With onnx, the precision of the weights.
    #[arg(long, value_enum, default_value_t = ExportPrecision::F32)]
    pub(crate) precision: ExportPrecision,
    /// File to write; with huggingface a folder.
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) output: PathBuf,
    /// Replace existing files.
    #[arg(long)]
    pub(crate) force: bool,
}

/// A format of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// ONNX, opset 17.
    Onnx,
    /// A folder in the layout of the Hugging Face hub.
    Huggingface,
}

/// Precision of the weights of an exported model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportPrecision {
    /// As the model has them.
    F32,
    /// 8-bit integers, a quarter of the size; inputs of matrix products are quantised at run time.
    Int8,
}
