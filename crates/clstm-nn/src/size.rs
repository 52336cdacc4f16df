//! How large a network is, from its configuration alone: for limits that hold before anything is allocated.

use crate::{GflbConfig, NetworkConfig, Peepholes, TemporalPooling};

impl NetworkConfig {
    /// The number of weights of the matrices and of peepholes per position: nearly all that a network has. Biases,
    /// norms and their statistics are left out.
    ///
    /// # Panics
    /// May panic for sizes that [`validate`](Self::validate) refuses.
    #[must_use]
    pub fn min_weights(&self) -> u128 {
        let dimensions = self.deep_feature() as u128 * self.dimensions as u128;
        self.iter_branches().map(branch_weights).sum::<u128>() + dimensions
    }

    /// The number of values of the largest array that a layer needs for an input of `segments` time steps: the gates, the
    /// windows that a convolution reads, or the outputs of the filterbank.
    ///
    /// # Panics
    /// May panic for sizes that [`validate`](Self::validate) refuses.
    #[must_use]
    pub fn largest_activation(&self, segments: usize) -> u128 {
        self.iter_branches().map(|branch| branch_layer(branch, segments)).max().unwrap_or(0)
    }
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

fn wide((length, channels): (usize, usize)) -> (u128, u128) {
    (length as u128, channels as u128)
}
