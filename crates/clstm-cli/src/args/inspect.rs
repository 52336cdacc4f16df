use std::path::PathBuf;

use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  clstm inspect multi
  clstm inspect runs/all/model.safetensors --format json";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InspectArgs {
    /// Name of a built-in model, a model file, or a folder with a model.safetensors.
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}
