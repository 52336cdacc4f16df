//! A module's parameters as named plain tensors: what model files, checkpoints and optimisers see.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData, Transaction};

use crate::NetworkError;
use crate::values::into_floats;

/// What a tensor of a module is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Learnt by gradient.
    Weight,
    /// Running statistics.
    Statistic,
}

/// A tensor with its path in the module, such as `lflbs.0.conv_lstm.w_x`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Field names joined by dots.
    pub name: String,
    /// Sizes.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
    /// What it is for.
    pub kind: ParameterKind,
}

/// All tensors of a module in the order of its fields, read from its device in one go.
#[must_use]
pub fn parameters<M: Module>(module: &M) -> Vec<NamedTensor> {
    let mut collector =
        Collector { path: Vec::new(), tensors: Vec::new(), values: Transaction::default() };
    module.visit(&mut collector);
    let Collector { mut tensors, values, .. } = collector;
    for (tensor, values) in tensors.iter_mut().zip(values.execute()) {
        tensor.values = into_floats(values);
    }
    tensors
}

/// Replaces every tensor of a module by the one of the same name.
///
/// # Errors
/// If a tensor is missing, unknown, of another shape, or holds a value that is not finite.
pub fn load_parameters<M: Module>(module: M, tensors: Vec<NamedTensor>) -> Result<M, NetworkError> {
    let mut loader = Loader { path: Vec::new(), tensors, error: None };
    let module = module.map(&mut loader);
    match (loader.error, loader.tensors.pop()) {
        (Some(error), _) => Err(error),
        (None, Some(left)) => Err(NetworkError::UnknownTensor { name: left.name }),
        (None, None) => Ok(module),
    }
}

struct Collector {
    path: Vec<String>,
    /// Their values follow.
    tensors: Vec<NamedTensor>,
    values: Transaction,
}

/// Names of the running statistics' fields: Burn visits them like parameters.
pub(crate) fn kind(path: &[String]) -> ParameterKind {
    if path.iter().any(|p| p == "statistics") {
        ParameterKind::Statistic
    } else {
        ParameterKind::Weight
    }
}

impl ModuleVisitor for Collector {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        self.tensors.push(NamedTensor {
            name: self.path.join("."),
            shape: tensor.dims().to_vec(),
            values: Vec::new(),
            kind: kind(&self.path),
        });
        self.values = std::mem::take(&mut self.values).register(tensor.without_autodiff());
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

struct Loader {
    path: Vec<String>,
    tensors: Vec<NamedTensor>,
    error: Option<NetworkError>,
}

impl Loader {
    fn take(&mut self, wanted: &[usize]) -> Result<NamedTensor, NetworkError> {
        let name = self.path.join(".");
        let Some(at) = self.tensors.iter().position(|t| t.name == name) else {
            return Err(NetworkError::MissingTensor { name });
        };
        let tensor = self.tensors.swap_remove(at);
        if tensor.shape != wanted || tensor.values.len() != wanted.iter().product::<usize>() {
            let (found, wanted) = (tensor.shape, wanted.to_vec());
            return Err(NetworkError::TensorShape { name, found, wanted });
        }
        match tensor.values.iter().position(|v| !v.is_finite()) {
            Some(index) => Err(NetworkError::NonFinite { name, index }),
            None => Ok(tensor),
        }
    }
}

impl ModuleMapper for Loader {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        match self.take(&param.val().dims()) {
            Ok(new) => param.map(|old| {
                let data = TensorData::new(new.values, old.dims());
                let tensor = Tensor::from_data(data, &old.device());
                if old.is_require_grad() { tensor.require_grad() } else { tensor }
            }),
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}
