//! Models by name or file.

use std::path::Path;

use clstm::Model;

use crate::error::CliError;
use crate::text::PathText;
use embedded::built_in_named;

pub(crate) use embedded::{built_in, built_in_names};

/// The model that was named or, without a name, the default built-in one.
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
    if let Some(model) = named.to_str().and_then(built_in_named) {
        return model;
    }
    let known = match built_in_names().as_slice() {
        [] => "this build has no built-in model".to_owned(),
        names => format!("the built-in models are {}", names.join(", ")),
    };
    Err(CliError::Usage(format!("there is no model file {}, and {known}", named.text())))
}

#[cfg(feature = "embedded")]
mod embedded {
    use clstm::{EmbeddedModel, Model};

    use crate::error::CliError;

    /// The default built-in model, in builds that have one.
    pub(crate) fn built_in() -> Option<Result<Model, CliError>> {
        Some(open(EmbeddedModel::default()))
    }

    /// The built-in model of this name.
    pub(super) fn built_in_named(name: &str) -> Option<Result<Model, CliError>> {
        EmbeddedModel::by_name(name).map(open)
    }

    /// The names of the built-in models, the default first.
    pub(crate) fn built_in_names() -> Vec<&'static str> {
        EmbeddedModel::ALL.map(EmbeddedModel::name).to_vec()
    }

    fn open(model: EmbeddedModel) -> Result<Model, CliError> {
        Model::embedded(model).map_err(CliError::from)
    }
}

#[cfg(not(feature = "embedded"))]
mod embedded {
    use clstm::Model;

    use crate::error::CliError;

    pub(crate) fn built_in() -> Option<Result<Model, CliError>> {
        None
    }

    pub(super) fn built_in_named(_: &str) -> Option<Result<Model, CliError>> {
        None
    }

    pub(crate) fn built_in_names() -> Vec<&'static str> {
        Vec::new()
    }
}
