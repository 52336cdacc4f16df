//! Models by name or file.

use std::path::Path;

use clstm::Model;

use crate::error::CliError;
use crate::text::PathText;

/// The model that was named or, without a name, the built-in one.
pub(crate) fn open(named: Option<&Path>) -> Result<Model, CliError> {
    let Some(named) = named else {
        return built_in().unwrap_or_else(|| {
            let message = "this build has no built-in model: give one with --model FILE, such as the \
                           model.safetensors of a run";
            Err(CliError::Usage(message.to_owned()))
        });
    };
    // An existing file has priority over a built-in model of the same name.
    if named.exists() {
        return Model::read(named)
            .map_err(|error| CliError::Failed(format!("{}: {error}", named.text())));
    }
    let known = match built_in().transpose()? {
        Some(model) if named.to_str() == Some(&model.info.name) => return Ok(model),
        Some(model) => format!("the built-in model is {}", model.info.name),
        None => "this build has no built-in model".to_owned(),
    };
    Err(CliError::Usage(format!("there is no model file {}, and {known}", named.text())))
}

/// The built-in model, in builds that have one.
#[cfg(feature = "embedded")]
pub(crate) fn built_in() -> Option<Result<Model, CliError>> {
    Some(Model::embedded().map_err(CliError::from))
}

#[cfg(not(feature = "embedded"))]
pub(crate) fn built_in() -> Option<Result<Model, CliError>> {
    None
}
