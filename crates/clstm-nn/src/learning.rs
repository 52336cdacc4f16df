//! What an optimiser does with a module: gradients out, weights moved.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData, Transaction};

use crate::parameters::{ParameterKind, kind};
use crate::values::into_floats;

/// The gradients of a module's weights in the order of [`parameters`](crate::parameters()), those of
/// the running statistics left out; `None` for a weight that the loss does not depend on. They are
/// read from the device in one go.
pub fn gradients<M: Module>(module: &M, gradients: &mut Gradients) -> Vec<Option<Vec<f32>>> {
    let mut visitor = GradientReader {
        path: Vec::new(),
        gradients,
        found: Vec::new(),
        values: Transaction::default(),
    };
    module.visit(&mut visitor);
    let mut values = visitor.values.execute().into_iter().map(into_floats);
    visitor.found.into_iter().map(|found| if found { values.next() } else { None }).collect()
}

struct GradientReader<'a> {
    path: Vec<String>,
    gradients: &'a mut Gradients,
    /// Whether each weight has a gradient.
    found: Vec<bool>,
    values: Transaction,
}

impl ModuleVisitor for GradientReader<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if kind(&self.path) == ParameterKind::Statistic {
            return;
        }
        let gradient = param.val().grad_remove(self.gradients);
        self.found.push(gradient.is_some());
        if let Some(gradient) = gradient {
            self.values = std::mem::take(&mut self.values).register(gradient);
        }
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

/// Lets `update(index, values)` change every weight in place; weights are counted in the order of
/// [`parameters`](crate::parameters()) without the running statistics.
///
/// They are read from the device in one go. On the CPU nothing is copied where the module is the
/// only one to hold its weights: a clone of it makes all of them be copied.
pub fn update_weights<M: Module>(module: M, update: &mut dyn FnMut(usize, &mut [f32])) -> M {
    let mut taker = Taker { path: Vec::new(), values: Transaction::default() };
    let module = module.map(&mut taker);
    let mut index = 0;
    let move_one = |data: TensorData| {
        let shape = data.shape().clone();
        let mut values = into_floats(data);
        update(index, &mut values);
        index += 1;
        TensorData::new(values, shape)
    };
    let values: Vec<TensorData> = taker.values.execute().into_iter().map(move_one).collect();
    module.map(&mut Giver { path: Vec::new(), values: values.into_iter() })
}

/// Takes the weights out of a module; what it leaves is only good to be filled again.
struct Taker {
    path: Vec<String>,
    values: Transaction,
}

impl ModuleMapper for Taker {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if kind(&self.path) == ParameterKind::Statistic {
            return param;
        }
        param.map(|weight| {
            let nothing = Tensor::zeros([0; D], &weight.device());
            self.values = std::mem::take(&mut self.values).register(weight.without_autodiff());
            nothing
        })
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}

/// Puts weights where they were taken.
struct Giver {
    path: Vec<String>,
    values: std::vec::IntoIter<TensorData>,
}

impl ModuleMapper for Giver {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if kind(&self.path) == ParameterKind::Statistic {
            return param;
        }
        match self.values.next() {
            Some(values) => {
                param.map(|nothing| Tensor::from_data(values, &nothing.device()).require_grad())
            }
            None => param,
        }
    }

    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
}
