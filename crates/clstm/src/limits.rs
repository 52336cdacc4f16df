//! What a reader of model files accepts, checked before anything is allocated for it.

use clstm_nn::NetworkConfig;

use crate::{ModelError, ModelInfo};

/// Bounds on a model from an unknown source, so that a hostile or mistaken file costs bounded
/// memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelLimits {
    /// Most bytes of a file.
    pub max_bytes: u64,
    /// Most bytes of its header.
    pub max_header: u64,
    /// Most tensors.
    pub max_tensors: usize,
    /// Most values of a layer's intermediate results for one window.
    pub max_activations: u64,
}

impl Default for ModelLimits {
    /// 256 MiB with a header of 4 MiB and 4096 tensors; 2^27 values (512 MiB) of intermediate
    /// results, 70 times what the presets need.
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            max_header: 4 << 20,
            max_tensors: 4096,
            max_activations: 1 << 27,
        }
    }
}

impl ModelLimits {
    /// Refuses a network whose forward pass needs too much memory.
    pub(crate) fn check_activations(&self, info: &ModelInfo) -> Result<(), ModelError> {
        let needed = info.network.largest_activation(info.frontend.max_steps);
        let limit = self.max_activations;
        if needed > u128::from(limit) {
            return Err(ModelError::TooCostly { needed, limit });
        }
        Ok(())
    }
}

/// Number of windows of `steps` time steps in a batch: enough for the threads of a large machine to get
/// groups of several, and no more memory than one window may take by default.
pub(crate) fn batch_size(network: &NetworkConfig, steps: usize) -> usize {
    const ENOUGH: u128 = 64;
    let most = u128::from(ModelLimits::default().max_activations);
    (most / network.largest_activation(steps).max(1)).clamp(1, ENOUGH) as usize
}
