//! Models by name or file.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use clstm::{Model, ModelError};
use clstm_export::WEIGHTS_FILE;

use crate::error::{CliError, chain};
use crate::text::PathText;

pub(crate) use embedded::{built_in, built_in_named, built_in_names};

/// Why no model could be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenModelError {
    /// There is no model of this name, or none was named and there is no built-in one.
    NotFound(String),
    /// The model cannot be used.
    Unusable {
        /// The file, or `None` for the built-in model.
        path: Option<String>,
        /// What is wrong with it.
        source: ModelError,
    },
}

impl OpenModelError {
    /// A short stable word: `not_found`, or that of [`ModelError::kind`].
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Unusable { source, .. } => source.kind(),
        }
    }
}

impl fmt::Display for OpenModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(message) => f.write_str(message),
            Self::Unusable { path: Some(path), source } => write!(f, "{path}: {source}"),
            Self::Unusable { path: None, source } => f.write_str(&chain(source)),
        }
    }
}

impl Error for OpenModelError {}

impl From<OpenModelError> for CliError {
    fn from(error: OpenModelError) -> Self {
        match error {
            OpenModelError::NotFound(message) => Self::Usage(message),
            error @ OpenModelError::Unusable { .. } => Self::Failed(error.to_string()),
        }
    }
}

/// The model that was named or, without a name, the default built-in one.
pub(crate) fn open(named: Option<&Path>) -> Result<Model, CliError> {
    Ok(open_model(named)?)
}

/// The model of a name, file or folder with a `model.safetensors` or, without a name, the default built-in one.
///
/// # Errors
/// If there is no such model, or it cannot be read.
pub fn open_model(named: Option<&Path>) -> Result<Model, OpenModelError> {
    let unusable = |path| move |source| OpenModelError::Unusable { path, source };
    let Some(named) = named else {
        let message = "this build has no built-in model: give one with --model FILE, such as the \
                       model.safetensors of a run";
        let built_in = built_in().ok_or_else(|| OpenModelError::NotFound(message.to_owned()))?;
        return built_in.map_err(unusable(None));
    };
    // An existing file has priority over a built-in model of the same name; a folder has not.
    if !named.is_file()
        && let Some(model) = named.to_str().and_then(built_in_named)
    {
        return model.map_err(unusable(None));
    }
    let file = model_file(named);
    if file.is_dir() {
        let message = format!("the folder {} has no {WEIGHTS_FILE}", named.text());
        return Err(OpenModelError::NotFound(message));
    }
    if file.exists() {
        return Model::read(&file).map_err(unusable(Some(file.text())));
    }
    let known = match built_in_names().as_slice() {
        [] => "this build has no built-in model".to_owned(),
        names => format!("the built-in models are {}", names.join(", ")),
    };
    let message = format!("there is no model file {}, and {known}", named.text());
    Err(OpenModelError::NotFound(message))
}

/// The file of a model: the one that was named, or the weights in a folder, which has the layout of the Hugging Face hub or
/// is that of a training.
pub(crate) fn model_file(named: &Path) -> PathBuf {
    let inside = named.join(WEIGHTS_FILE);
    if inside.is_file() { inside } else { named.to_owned() }
}

#[cfg(feature = "embedded")]
mod embedded {
    use clstm::{EmbeddedModel, Model, ModelError};

    /// The default built-in model, in builds that have one.
    pub(crate) fn built_in() -> Option<Result<Model, ModelError>> {
        Some(open(EmbeddedModel::default()))
    }

    /// The built-in model of this name.
    pub(crate) fn built_in_named(name: &str) -> Option<Result<Model, ModelError>> {
        EmbeddedModel::by_name(name).map(open)
    }

    /// The names of the built-in models, the default first.
    pub(crate) fn built_in_names() -> Vec<&'static str> {
        EmbeddedModel::ALL.map(EmbeddedModel::name).to_vec()
    }

    fn open(model: EmbeddedModel) -> Result<Model, ModelError> {
        Model::embedded(model)
    }
}

#[cfg(not(feature = "embedded"))]
mod embedded {
    use clstm::{Model, ModelError};
    use clstm_export::WEIGHTS_FILE;

    pub(crate) fn built_in() -> Option<Result<Model, ModelError>> {
        None
    }

    pub(crate) fn built_in_named(_: &str) -> Option<Result<Model, ModelError>> {
        None
    }

    pub(crate) fn built_in_names() -> Vec<&'static str> {
        Vec::new()
    }
}
