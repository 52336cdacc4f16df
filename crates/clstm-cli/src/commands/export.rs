//! `clstm export`: a model for other runtimes.

use std::path::Path;

use clstm::Model;
use clstm_export::{ExportError, HubFile, WeightPrecision};

use crate::args::{ExportArgs, ExportFormat, ExportPrecision};
use crate::error::{CliError, chain};
use crate::output::OutputGuard;
use crate::resolve::model;
use crate::text::PathText;

/// Writes the model in another format.
pub(crate) fn run(args: &ExportArgs) -> Result<(), CliError> {
    let model = model::open(args.model.as_deref())?;
    let mut guard = OutputGuard::new(args.force);
    guard.model("the model", args.model.as_deref());
    match args.format {
        ExportFormat::Onnx => {
            let precision = match args.precision {
                ExportPrecision::F32 => WeightPrecision::F32,
                ExportPrecision::Int8 => WeightPrecision::Int8,
            };
            let bytes = clstm_export::onnx(&model, precision).map_err(failed)?;
            guard.create("--output", Some(&args.output))?.write_bytes(&bytes)
        }
        ExportFormat::Huggingface => folder(&model, &args.output, &mut guard),
    }
}

/// Writes the files of a model folder; those that exist stay unless `--force` is given.
fn folder(model: &Model, folder: &Path, guard: &mut OutputGuard) -> Result<(), CliError> {
    let files = clstm_export::hugging_face(model).map_err(failed)?;
    std::fs::create_dir_all(folder)
        .map_err(|error| CliError::Failed(format!("cannot create {}: {error}", folder.text())))?;
    for HubFile { name, content } in files {
        guard.create("--output", Some(&folder.join(name)))?.write_bytes(&content)?;
    }
    Ok(())
}

fn failed(error: ExportError) -> CliError {
    CliError::Failed(chain(&error))
}
