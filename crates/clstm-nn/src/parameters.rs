//! A module's tensors by name, as plain values: the form of model files, checkpoints and optimisers.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData, Transaction};

use crate::tensor_data::into_floats;
use crate::tensors::Tensors;
use crate::{NetworkError, ParameterRole, Roles, WithRoles};

/// A tensor with its path in the module, such as `lflbs.0.conv_lstm.w_x`.
///
/// Paths are the names of the modules' fields and part of the format of model files.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Field names joined by dots.
    pub name: String,
    /// Sizes.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}

/// A tensor of a module and how it is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name, sizes and values.
    pub tensor: NamedTensor,
    /// How it is trained.
    pub role: ParameterRole,
}

/// All tensors of a module in the order of its fields, running statistics included, read from its device in one go.
#[must_use]
pub fn parameters<M: Module>(module: &M) -> Vec<NamedTensor> {
    collect(module).into_iter().map(|(_, tensor)| tensor).collect()
}

/// All tensors of a module in the order of its fields, with their roles.
///
/// # Panics
/// If a layer of the module gives one of its tensors no role.
#[must_use]
pub fn parameters_with_roles<M: Module + WithRoles>(module: &M) -> Vec<Parameter> {
    let roles = Roles::of(module);
    let with_role = |(id, tensor)| Parameter { tensor, role: roles.role(id).clone() };
    collect(module).into_iter().map(with_role).collect()
}

fn collect<M: Module>(module: &M) -> Vec<(ParamId, NamedTensor)> {
    let mut collector =
        Collector { path: Vec::new(), tensors: Vec::new(), values: Transaction::default() };
    module.visit(&mut collector);
    let Collector { mut tensors, values, .. } = collector;
    for ((_, tensor), values) in tensors.iter_mut().zip(values.execute()) {
        tensor.values = into_floats(values);
    }
    tensors
}

/// Replaces every tensor of a module by the one of the same name.
///
/// # Errors
/// If a tensor is missing, unknown, of another shape, or holds a value that is not finite.
pub fn load_parameters<M: Module>(module: M, tensors: Vec<NamedTensor>) -> Result<M, NetworkError> {
    let mut tensors = Tensors::new(&tensors);
    let mut loader = Loader { path: Vec::new(), tensors: &mut tensors, error: None };
    let module = module.map(&mut loader);
    if let Some(error) = loader.error {
        return Err(error);
    }
    tensors.finish()?;
    Ok(module)
}

struct Collector {
    path: Vec<String>,
    /// Their values are filled in when all have been read from the device.
    tensors: Vec<(ParamId, NamedTensor)>,
    values: Transaction,
}

impl ModuleVisitor for Collector {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let (name, shape) = (self.path.join("."), tensor.dims().to_vec());
        self.tensors.push((param.id, NamedTensor { name, shape, values: Vec::new() }));
        self.values = std::mem::take(&mut self.values).register(tensor.without_autodiff());
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

struct Loader<'a, 'b> {
    path: Vec<String>,
    tensors: &'b mut Tensors<'a>,
    error: Option<NetworkError>,
}

impl ModuleMapper for Loader<'_, '_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        match self.tensors.take(&self.path.join("."), &param.val().dims()) {
            Ok(values) => param.map(|old| {
                let data = TensorData::new(values.to_vec(), old.dims());
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
