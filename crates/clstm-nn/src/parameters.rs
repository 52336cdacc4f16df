//! A module's parameters as named plain tensors: what model files, checkpoints and optimisers see.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use crate::NetworkError;
use crate::norm_pool::floats;

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

/// All tensors of a module in the order of its fields.
#[must_use]
pub fn parameters<M: Module>(module: &M) -> Vec<NamedTensor> {
    let mut collector = Collector { path: Vec::new(), tensors: Vec::new() };
    module.visit(&mut collector);
    collector.tensors
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
    tensors: Vec<NamedTensor>,
}

/// Names of the running statistics' fields: Burn visits them like parameters.
fn kind(path: &[String]) -> ParameterKind {
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
            values: floats(tensor),
            kind: kind(&self.path),
        });
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

/// The gradients of a module's weights in the order of [`parameters`], those of the running
/// statistics left out; `None` for a weight that the loss does not depend on.
#[cfg(feature = "train")]
pub fn gradients<M: Module>(
    module: &M,
    gradients: &mut burn::tensor::Gradients,
) -> Vec<Option<Vec<f32>>> {
    struct Visitor<'a> {
        path: Vec<String>,
        gradients: &'a mut burn::tensor::Gradients,
        found: Vec<Option<Vec<f32>>>,
    }
    impl ModuleVisitor for Visitor<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if kind(&self.path) == ParameterKind::Weight {
                self.found.push(param.val().grad_remove(self.gradients).map(floats));
            }
        }

        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
    }
    let mut visitor = Visitor { path: Vec::new(), gradients, found: Vec::new() };
    module.visit(&mut visitor);
    visitor.found
}

/// Lets `update(index, values)` change every weight in place; weights are counted in the order of
/// [`parameters`] without the running statistics.
#[cfg(feature = "train")]
pub fn update_weights<M: Module>(module: M, update: &mut dyn FnMut(usize, &mut [f32])) -> M {
    struct Mapper<'a> {
        path: Vec<String>,
        index: usize,
        update: &'a mut dyn FnMut(usize, &mut [f32]),
    }
    impl ModuleMapper for Mapper<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            if kind(&self.path) == ParameterKind::Statistic {
                return param;
            }
            let index = self.index;
            self.index += 1;
            param.map(|old| {
                let (shape, device) = (old.dims(), old.device());
                let mut values = floats(old.detach());
                (self.update)(index, &mut values);
                Tensor::from_data(TensorData::new(values, shape), &device).require_grad()
            })
        }

        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
    }
    module.map(&mut Mapper { path: Vec::new(), index: 0, update })
}
