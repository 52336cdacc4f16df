//! Models by name or file.

use std::path::Path;

use clstm::Model;

use crate::failure::Failure;

/// The model that was named or, where none was, the built-in one.
pub(crate) fn open(named: Option<&Path>) -> Result<Model, Failure> {
    let Some(named) = named else {
        return built_in().unwrap_or_else(|| {
            let message = "this build has no model inside: name one with --model FILE, such as the \
                           model.safetensors of a run";
            Err(Failure::Usage(message.to_owned()))
        });
    };
    // A file goes before a built-in model of the same name: it is what the caller sees.
    if named.exists() {
        return Model::read(named)
            .map_err(|error| Failure::Failed(format!("{}: {error}", named.display())));
    }
    let known = match built_in().transpose()? {
        Some(model) if named.to_str() == Some(&model.info.name) => return Ok(model),
        Some(model) => format!("the model inside this build is {}", model.info.name),
        None => "this build has no model inside".to_owned(),
    };
    Err(Failure::Usage(format!("there is no model file {}, and {known}", named.display())))
}

#[cfg(feature = "embedded")]
fn built_in() -> Option<Result<Model, Failure>> {
    Some(Model::embedded().map_err(Failure::from))
}

#[cfg(not(feature = "embedded"))]
fn built_in() -> Option<Result<Model, Failure>> {
    None
}
