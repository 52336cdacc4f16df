//! Tensors by name, each to be asked for once.

use crate::{NamedTensor, NetworkError};

/// The tensors that nobody has asked for yet.
pub(super) struct Tensors<'a> {
    left: Vec<&'a NamedTensor>,
    /// Before the names that are asked for.
    path: String,
}

impl<'a> Tensors<'a> {
    pub(super) fn new(tensors: &'a [NamedTensor]) -> Self {
        Self { left: tensors.iter().collect(), path: String::new() }
    }

    /// What is asked for from now on is looked for under this path, such as `branches.0.`.
    pub(super) fn under(&mut self, path: String) {
        self.path = path;
    }

    /// The values of a tensor of this name and shape.
    pub(super) fn take(&mut self, name: &str, wanted: &[usize]) -> Result<&'a [f32], NetworkError> {
        let name = || format!("{}{name}", self.path);
        let Some(at) = self.left.iter().position(|tensor| tensor.name == name()) else {
            return Err(NetworkError::MissingTensor { name: name() });
        };
        let tensor = self.left.swap_remove(at);
        if tensor.shape != wanted || tensor.values.len() != wanted.iter().product::<usize>() {
            let (found, wanted) = (tensor.shape.clone(), wanted.to_vec());
            return Err(NetworkError::TensorShape { name: name(), found, wanted });
        }
        match tensor.values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(NetworkError::NonFinite { name: name(), index }),
            None => Ok(&tensor.values),
        }
    }

    /// Refuses tensors that the network does not have.
    pub(super) fn finish(mut self) -> Result<(), NetworkError> {
        match self.left.pop() {
            Some(tensor) => Err(NetworkError::UnknownTensor { name: tensor.name.clone() }),
            None => Ok(()),
        }
    }
}
