//! Loading of named tensors: each is taken once and checked, by modules and by the inference engine alike.

use crate::{NamedTensor, NetworkError};

/// The tensors that have not been taken yet.
pub(crate) struct Tensors<'a> {
    left: Vec<&'a NamedTensor>,
    /// Prepended to the names that are asked for, such as `branches.0.`.
    prefix: String,
}

impl<'a> Tensors<'a> {
    pub(crate) fn new(tensors: &'a [NamedTensor]) -> Self {
        Self { left: tensors.iter().collect(), prefix: String::new() }
    }

    /// Prepends `prefix`, such as `branches.0.`, to all names from now on.
    pub(crate) fn set_prefix(&mut self, prefix: String) {
        self.prefix = prefix;
    }

    /// The values of the tensor of this name and shape.
    ///
    /// # Errors
    /// If there is none, it has another shape, or one of its values is not finite.
    pub(crate) fn take(&mut self, name: &str, wanted: &[usize]) -> Result<&'a [f32], NetworkError> {
        let name = || format!("{}{name}", self.prefix);
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
    ///
    /// # Errors
    /// [`NetworkError::UnknownTensor`] names one of them.
    pub(crate) fn finish(mut self) -> Result<(), NetworkError> {
        match self.left.pop() {
            Some(tensor) => Err(NetworkError::UnknownTensor { name: tensor.name.clone() }),
            None => Ok(()),
        }
    }
}
