//! Initial weights from another model.

use clstm::Model;
use clstm_nn::{Network, load_parameters, parameters_with_roles};

use crate::TrainError;

/// The network with the weights of `init`. A tensor that only fits the classes that it was trained for, such as those of the last
/// layer, keeps its drawn values where the sizes differ.
///
/// # Errors
/// If `init` has other layers.
pub(super) fn init_from(network: Network, init: &Model) -> Result<Network, TrainError> {
    let mut tensors = init.tensors.clone();
    for own in parameters_with_roles(&network) {
        if own.role.transferable {
            continue;
        }
        let theirs = tensors.iter_mut().find(|tensor| tensor.name == own.tensor.name);
        if let Some(tensor) = theirs.filter(|tensor| tensor.shape != own.tensor.shape) {
            *tensor = own.tensor;
        }
    }
    Ok(load_parameters(network, tensors)?)
}
