//! `clstm export`: a model for other runtimes.

use clstm_export::ExportError;

use crate::args::{ExportArgs, ExportFormat};
use crate::error::{CliError, chain};
use crate::output::OutputGuard;
use crate::resolve::model;

/// Writes the model in another format.
pub(crate) fn run(args: &ExportArgs) -> Result<(), CliError> {
    let model = model::open(args.model.as_deref())?;
    let failed = |error: ExportError| CliError::Failed(chain(&error));
    let bytes = match args.format {
        ExportFormat::Onnx => clstm_export::onnx(&model).map_err(failed)?,
    };
    let mut guard = OutputGuard::new(args.force);
    guard.optional_input("the model", args.model.as_deref());
    guard.create("--output", Some(&args.output))?.write_bytes(&bytes)
}
