//! Initial weights from another model.

use std::collections::HashMap;

use clstm::Model;
use clstm_nn::burn::tensor::Device;
use clstm_nn::{
    BranchSpan, Network, Parameter, ParameterRole, TrainedTargets, load_parameters,
    parameters_with_roles,
};

use crate::TrainError;

/// The network with the weights of `init`. A tensor that only fits the targets that it was trained for, such as those of the
/// last layer, keeps its drawn values where the sizes differ or `init` has none; one that the network does not have is left
/// out. So are the further branches of `init` where the network has fewer.
///
/// # Errors
/// If `init` has other layers, or its description makes no network.
pub(super) fn init_from(
    network: Network,
    init: &Model,
    device: &Device,
) -> Result<Network, TrainError> {
    // Model files have no roles: they are those of a network of the same sizes.
    let roles: HashMap<String, ParameterRole> =
        parameters_with_roles(&init.info.network.init(0, device)?)
            .into_iter()
            .map(|parameter| (parameter.tensor.name, parameter.role))
            .collect();
    let branches = 1 + network.branches.len();
    let is_dropped = |role: &ParameterRole| match role.branch {
        BranchSpan::One(branch) => branch >= branches,
        BranchSpan::Runs(_) => false,
    };
    // The rows of the weight of a dimension head are features of all branches.
    let keeps_dimensions = network.dimension_head.is_some() && !roles.values().any(is_dropped);
    let is_kept = |role: &ParameterRole| {
        !is_dropped(role) && (keeps_dimensions || role.targets != TrainedTargets::Dimensions)
    };
    let mut tensors = init.tensors.clone();
    // A tensor without a role is not one of the network: loading it reports its name.
    tensors.retain(|tensor| roles.get(&tensor.name).is_none_or(is_kept));
    for Parameter { tensor, role } in parameters_with_roles(&network) {
        if role.is_transferable() {
            continue;
        }
        match tensors.iter_mut().find(|theirs| theirs.name == tensor.name) {
            Some(theirs) if theirs.shape != tensor.shape => *theirs = tensor,
            Some(_) => {}
            None if role.targets == TrainedTargets::Dimensions => tensors.push(tensor),
            None => {}
        }
    }
    Ok(load_parameters(network, tensors)?)
}
