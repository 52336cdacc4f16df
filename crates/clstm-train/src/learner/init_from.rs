//! Initial weights from another model.

use clstm::Model;
use clstm_nn::{Network, load_parameters, parameters_with_roles};

use crate::TrainError;

/// The network with the weights of `init`. A tensor that only fits the targets that it was trained for, such as those of the
/// last layer, keeps its drawn values where the sizes differ or `init` has none; one that the network does not have is left
/// out. So are the further branches of `init` where the network has fewer.
///
/// # Errors
/// If `init` has other layers.
pub(super) fn init_from(network: Network, init: &Model) -> Result<Network, TrainError> {
    let dropped = (network.branches.len()..init.info.network.branches.len())
        .map(|branch| format!("branches.{branch}."));
    let dropped: Vec<String> = dropped.collect();
    let mut tensors = init.tensors.clone();
    tensors.retain(|tensor| !dropped.iter().any(|branch| tensor.name.starts_with(branch)));
    // The rows of its weight are features of all branches.
    let keeps_head = network.dimension_head.is_some() && dropped.is_empty();
    tensors.retain(|tensor| keeps_head || !tensor.name.starts_with(DIMENSION_HEAD));
    for own in parameters_with_roles(&network) {
        if own.role.transferable {
            continue;
        }
        match tensors.iter_mut().find(|tensor| tensor.name == own.tensor.name) {
            Some(theirs) if theirs.shape != own.tensor.shape => *theirs = own.tensor,
            Some(_) => {}
            None if own.tensor.name.starts_with(DIMENSION_HEAD) => tensors.push(own.tensor),
            None => {}
        }
    }
    Ok(load_parameters(network, tensors)?)
}

/// What the names of the tensors of a [`DimensionHead`](clstm_nn::DimensionHead) begin with.
const DIMENSION_HEAD: &str = "dimension_head.";
