//! Between a module and an optimiser on plain values: gradients out, weights changed in place.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData, Transaction};

use crate::tensor_data::into_floats;
use crate::{Roles, WithRoles};

/// The gradients of a module's weights in the order of [`parameters`](crate::parameters()) without the running statistics;
/// `None` for a weight that the loss does not depend on. They are read from the device in one go.
///
/// # Panics
/// If a layer of the module gives one of its tensors no role.
pub fn gradients<M: Module + WithRoles>(
    module: &M,
    gradients: &mut Gradients,
) -> Vec<Option<Vec<f32>>> {
    let roles = Roles::of(module);
    let mut visitor = GradientReader {
        roles: &roles,
        gradients,
        found: Vec::new(),
        values: Transaction::default(),
    };
    module.visit(&mut visitor);
    let mut values = visitor.values.execute().into_iter().map(into_floats);
    visitor.found.into_iter().map(|found| if found { values.next() } else { None }).collect()
}

struct GradientReader<'a> {
    roles: &'a Roles,
    gradients: &'a mut Gradients,
    /// Whether each weight has a gradient.
    found: Vec<bool>,
    values: Transaction,
}

impl ModuleVisitor for GradientReader<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !self.roles.role(param.id).is_weight() {
            return;
        }
        let gradient = param.val().grad_remove(self.gradients);
        self.found.push(gradient.is_some());
        if let Some(gradient) = gradient {
            self.values = std::mem::take(&mut self.values).register(gradient);
        }
    }
}

/// Calls `update(index, values)` for every weight, which may change its values in place. Weights are counted in the order of
/// [`parameters`](crate::parameters()) without the running statistics.
///
/// They are read from the device in one go. On the CPU nothing is copied where no clone of the module shares its
/// weights.
///
/// # Panics
/// If a layer of the module gives one of its tensors no role.
pub fn update_weights<M: Module + WithRoles>(
    module: M,
    update: &mut dyn FnMut(usize, &mut [f32]),
) -> M {
    let roles = Roles::of(&module);
    let mut taken = TakeParams { roles: &roles, values: Transaction::default() };
    let module = module.map(&mut taken);
    let mut index = 0;
    let update_one = |data: TensorData| {
        let shape = data.shape().clone();
        let mut values = into_floats(data);
        update(index, &mut values);
        index += 1;
        TensorData::new(values, shape)
    };
    let values: Vec<TensorData> = taken.values.execute().into_iter().map(update_one).collect();
    module.map(&mut PutParams { roles: &roles, values: values.into_iter() })
}

/// Takes the weights out of a module and leaves empty tensors to be filled by [`PutParams`].
struct TakeParams<'a> {
    roles: &'a Roles,
    values: Transaction,
}

impl ModuleMapper for TakeParams<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.roles.role(param.id).is_weight() {
            return param;
        }
        param.map(|weight| {
            let empty = Tensor::zeros([0; D], &weight.device());
            self.values = std::mem::take(&mut self.values).register(weight.without_autodiff());
            empty
        })
    }
}

/// Puts weights where [`TakeParams`] took them.
struct PutParams<'a> {
    roles: &'a Roles,
    values: std::vec::IntoIter<TensorData>,
}

impl ModuleMapper for PutParams<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.roles.role(param.id).is_weight() {
            return param;
        }
        let values = self.values.next().expect("as many weights are put back as were taken");
        param.map(|empty| Tensor::from_data(values, &empty.device()).require_grad())
    }
}
