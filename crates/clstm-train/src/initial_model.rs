//! What the folds of a cross-validation start from.

use std::path::{Path, PathBuf};

use clstm::Model;

use crate::TrainError;

/// Initial weights of the folds of a cross-validation.
#[derive(Clone, Debug)]
pub enum InitialModel {
    /// A model of other corpora, from which every fold starts.
    Model {
        /// Its name or file, for messages.
        named: PathBuf,
        /// The model.
        model: Box<Model>,
    },
    /// The folder of a run of the same folds: each fold starts from the model of the same fold.
    Run(PathBuf),
}

impl InitialModel {
    /// The model in a file, or the run in a folder.
    ///
    /// # Errors
    /// If the file is no model.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let named = path.to_owned();
        if !path.is_file() {
            return Ok(Self::Run(named));
        }
        Ok(Self::Model { named, model: Box::new(Model::read(path)?) })
    }
}
