//! The state of a learner in a checkpoint.

use std::path::Path;

use clstm_nn::{load_parameters, parameters, parameters_with_roles};

use super::Learner;
use super::sam::SamDirection;
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
        let mut directions = self.sam_direction.iter().flat_map(|direction| &direction.values);
        for parameter in parameters_with_roles(self.modules()) {
            let name = parameter.tensor.name;
            if parameter.role.is_weight() {
                let [first, second] = moments.next().expect("moments of every weight");
                values.insert(format!("first.{name}"), first.clone());
                values.insert(format!("second.{name}"), second.clone());
                // None where the loss does not depend on the weight.
                if let Some(Some(direction)) = directions.next() {
                    values.insert(format!("sam.{name}"), direction.clone());
                }
            }
            values.insert(format!("value.{name}"), parameter.tensor.values);
        }
        if let Some(average) = &self.average {
            let tensors = parameters(&self.modules().network).into_iter();
            let names = tensors.map(|tensor| format!("average.{}", tensor.name));
            values.extend(names.zip(average.values.iter().cloned()));
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
        let malformed =
            |name| TrainError::malformed(path, format!("{name} is missing or of another size"));
        let mut take = |name: String, len: usize| match values.remove(&name) {
            Some(found) if found.len() == len => Ok(found),
            _ => Err(malformed(name)),
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
        if let Some(average) = &mut self.average {
            let modules = self.modules.as_ref().expect("a step puts it back");
            for (tensor, values) in parameters(&modules.network).iter().zip(&mut average.values) {
                *values = take(format!("average.{}", tensor.name), values.len())?;
            }
        }
        let modules = load_parameters(self.modules().clone(), tensors)?;
        let mut directions = Vec::new();
        for parameter in parameters_with_roles(&modules) {
            let tensor = parameter.tensor;
            if parameter.role.is_weight() {
                let name = format!("sam.{}", tensor.name);
                let direction = values.remove(&name);
                if direction.as_ref().is_some_and(|values| values.len() != tensor.values.len()) {
                    return Err(malformed(name));
                }
                directions.push(direction);
            }
        }
        let any = directions.iter().any(Option::is_some);
        self.sam_direction = any.then_some(SamDirection { values: directions });
        self.modules = Some(modules);
        (self.optimizer.moments, self.optimizer.step_index) = (moments, step_index);
        Ok(())
    }
}
