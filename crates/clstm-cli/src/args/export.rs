use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
The ONNX graph computes probabilities from a mono waveform at the model's sample rate: level, edges, windows, all branches
and the calibration. It has no speech gate: every recording gets probabilities. Inputs: waveform [batch, samples] and
lengths [batch]; outputs: probabilities, logits and features. Labels, rate and licence are in its metadata.

Examples:
  clstm export --output emotions.onnx
  clstm export --model runs/all/model.safetensors --format onnx --output emotions.onnx";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExportArgs {
    /// Name of a built-in model, or a model file [default: the built-in model].
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Format of the file.
    #[arg(long, value_enum, default_value_t = ExportFormat::Onnx)]
    pub(crate) format: ExportFormat,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Replace an existing file.
    #[arg(long)]
    pub(crate) force: bool,
}

/// A format of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// ONNX, opset 17, f32.
    Onnx,
}
