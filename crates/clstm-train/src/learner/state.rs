//! The state of a learner in a checkpoint.

use std::path::Path;

use clstm_nn::{load_parameters, parameters_with_roles};

use super::Learner;
use crate::TrainError;
use crate::checkpoint::Values;

impl Learner {
    /// Steps that moved the weights.
    pub(crate) fn step_index(&self) -> u64 {
        self.optimizer.step_index
    }

    /// Everything that a step changes, by name.
    pub(crate) fn values(&self) -> Values {
        let mut values = Values::new();
        let mut moments = self.optimizer.moments.iter();
        for parameter in parameters_with_roles(self.modules()) {
            let name = parameter.tensor.name;
            if parameter.role.is_weight() {
                let [first, second] = moments.next().expect("moments of every weight");
                values.insert(format!("first.{name}"), first.clone());
                values.insert(format!("second.{name}"), second.clone());
            }
            values.insert(format!("value.{name}"), parameter.tensor.values);
        }
        values
    }

    /// Puts back the values of [`values`](Self::values), taken after `step_index` steps, which `path` holds.
    ///
    /// # Errors
    /// [`TrainError::Malformed`] for a value that is missing or of another size; values that are not finite.
    pub(crate) fn restore(
        &mut self,
        mut values: Values,
        step_index: u64,
        path: &Path,
    ) -> Result<(), TrainError> {
        let mut take = |name: String, len: usize| match values.remove(&name) {
            Some(found) if found.len() == len => Ok(found),
            _ => Err(TrainError::malformed(path, format!("{name} is missing or of another size"))),
        };
        let mut tensors = Vec::new();
        let mut moments = Vec::new();
        let mut present = self.optimizer.moments.iter();
        for parameter in parameters_with_roles(self.modules()) {
            let mut tensor = parameter.tensor;
            tensor.values = take(format!("value.{}", tensor.name), tensor.values.len())?;
            if parameter.role.is_weight() {
                let [first, second] = present.next().expect("moments of every weight");
                let first = take(format!("first.{}", tensor.name), first.len())?;
                moments.push([first, take(format!("second.{}", tensor.name), second.len())?]);
            }
            tensors.push(tensor);
        }
        self.modules = Some(load_parameters(self.modules().clone(), tensors)?);
        (self.optimizer.moments, self.optimizer.step_index) = (moments, step_index);
        Ok(())
    }
}
