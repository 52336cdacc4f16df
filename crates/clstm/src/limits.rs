//! What a reader of model files accepts, checked before anything is allocated for it.

use clstm_nn::{GflbConfig, NetworkConfig, Peepholes, TemporalPooling};

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
    /// Most values of a layer's intermediate results for one span.
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
        let needed = largest_layer(&info.network, info.frontend.max_steps);
        let limit = self.max_activations;
        if needed > u128::from(limit) {
            return Err(ModelError::TooCostly { needed, limit });
        }
        Ok(())
    }
}

/// The weights of the matrices and of peepholes per position: nearly all that a network has.
///
/// Biases, norms and their statistics are left out; there are fewer of them than of these.
pub(crate) fn min_parameters(network: &NetworkConfig) -> u128 {
    network.iter_branches().map(branch_weights).sum()
}

fn branch_weights(network: &NetworkConfig) -> u128 {
    let blocks = network.blocks.iter().enumerate().map(|(i, block)| {
        let (length, channels) = wide(network.block_input(i));
        let filters = block.filters as u128;
        let input = 4 * filters * channels * block.kernel_input as u128;
        let state = 4 * filters * filters * block.kernel_state as u128;
        let peepholes = match block.peepholes {
            Peepholes::Full => 3 * filters * length.div_ceil(block.stride as u128),
            Peepholes::Channel | Peepholes::None => 0,
        };
        input + state + peepholes
    });
    let (length, filters) = wide(network.block_input(network.blocks.len()));
    let local = length * filters;
    let (gflb, global) = match network.gflb {
        GflbConfig::None => (0, local),
        GflbConfig::BiGru { hidden, layers, .. } => recurrent(3, local, hidden, layers),
        GflbConfig::BiLstm { hidden, layers } => recurrent(4, local, hidden, layers),
    };
    let convolutions = network.convolutions.iter().enumerate().map(|(i, block)| {
        let (_, channels) = wide(network.convolution_input(i));
        channels * (block.kernel_time * block.kernel_length) as u128 * block.filters as u128
    });
    let attention = match network.temporal_pooling {
        TemporalPooling::Mean => 0,
        TemporalPooling::Attention { hidden } => hidden as u128 * (global + 1),
    };
    let (features, classes) = (network.features as u128, network.classes as u128);
    let local = convolutions.sum::<u128>() + blocks.sum::<u128>();
    local + gflb + attention + features * (global + classes)
}

/// Weights of the layers in both directions, and the features that they give.
fn recurrent(gates: u128, input: u128, hidden: usize, layers: usize) -> (u128, u128) {
    let (hidden, layers) = (hidden as u128, layers as u128);
    let first = input + hidden;
    let later = (layers - 1) * 3 * hidden;
    (2 * gates * hidden * (first + later), 2 * hidden)
}

/// Values of the largest array that a layer needs for a span of so many segments: the gates, the
/// windows that a convolution reads, or the outputs of the filterbank.
fn largest_layer(network: &NetworkConfig, segments: usize) -> u128 {
    network.iter_branches().map(|branch| branch_layer(branch, segments)).max().unwrap_or(0)
}

fn branch_layer(network: &NetworkConfig, segments: usize) -> u128 {
    let samples = segments as u128 * network.segment_length as u128;
    let bank = network.filterbank.map_or(0, |bank| {
        let outputs = samples.div_ceil(bank.stride as u128) * 2 * bank.filters as u128;
        outputs + bank.kernel as u128
    });
    let convolutions = network.convolutions.iter().enumerate().map(|(i, block)| {
        let (length, channels) = wide(network.convolution_input(i));
        let [input, output] = [i, i + 1].map(|i| network.convolution_steps(i, segments) as u128);
        let padded = length + block.kernel_length as u128;
        let read = (input + block.kernel_time as u128) * padded * channels;
        read.max(output * padded * block.filters as u128)
    });
    let steps = network.convolution_steps(network.convolutions.len(), segments);
    let blocks = network.blocks.iter().enumerate().map(|(i, block)| {
        let (length, channels) = wide(network.block_input(i));
        let positions = length.div_ceil(block.stride as u128);
        let filters = block.filters as u128;
        let gates = 4 * filters;
        let input = channels * block.kernel_input as u128;
        let state = filters * block.kernel_state as u128;
        steps as u128 * positions * gates.max(input).max(state)
    });
    bank.max(convolutions.max().unwrap_or(0)).max(blocks.max().unwrap_or(0))
}

/// Spans of `steps` that are worth running together: enough that the threads of a large machine get
/// groups of several, and no more than the memory that one span may take by default.
pub(crate) fn batch_size(network: &NetworkConfig, steps: usize) -> usize {
    const ENOUGH: u128 = 64;
    let most = u128::from(ModelLimits::default().max_activations);
    (most / largest_layer(network, steps).max(1)).clamp(1, ENOUGH) as usize
}

fn wide((length, channels): (usize, usize)) -> (u128, u128) {
    (length as u128, channels as u128)
}
