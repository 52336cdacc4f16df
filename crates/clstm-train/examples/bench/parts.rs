//! The layers of a network one after another, each on the output of the one before.

use std::iter::once;

use clstm_nn::burn::tensor::Tensor;
use clstm_nn::{Dropout, Mode, Network, NetworkConfig, Output, reference};

use crate::clock::{Clock, leaf};

/// Measures all layers of all branches; the outputs of the branches are without a graph.
pub(crate) fn network(
    clock: &mut Clock,
    network: &Network,
    config: &NetworkConfig,
    segments: &Tensor<3>,
    mode: Mode,
) -> Vec<Output> {
    let networks = once(network).chain(&network.branches);
    let branches = networks.zip(config.iter_branches()).enumerate();
    let outputs = branches.map(|(index, (network, config))| {
        let prefix = if index == 0 { String::new() } else { format!("branch {} ", index + 1) };
        Branch { prefix, network, config, mode }.forward(clock, segments.clone())
    });
    outputs.collect()
}

/// One branch of a network.
struct Branch<'a> {
    /// Of the names of its parts.
    prefix: String,
    network: &'a Network,
    config: &'a NetworkConfig,
    mode: Mode,
}

impl Branch<'_> {
    fn forward(&self, clock: &mut Clock, segments: Tensor<3>) -> Output {
        let steps = self.local(clock, segments);
        let [batch, time, positions, filters] = steps.dims();
        let steps = steps.reshape([batch, time, positions * filters]);
        self.global(clock, steps)
    }

    fn name(&self, part: &str) -> String {
        format!("{}{part}", self.prefix)
    }

    /// From the segments `[batch, time, length]` to the output of the last local block `[batch, time, positions, filters]`.
    fn local(&self, clock: &mut Clock, segments: Tensor<3>) -> Tensor<4> {
        let Self { network, config, mode, .. } = *self;
        let [batch, time, length] = segments.dims();
        let waveform = segments.reshape([batch, time * length]);
        let waveform = match config.compression {
            Some(config) => clock
                .forward(&self.name("compression"), || reference::compression(waveform, config)),
            None => waveform,
        };
        let mut x = match &network.filterbank {
            Some(bank) => {
                // The waveform is no weight and gets no gradient.
                let name = self.name("filterbank");
                let logs = clock.layer(&name, waveform, mode, |x| bank.log_energies(x, mode));
                let (name, logs) = (self.name("filterbank norm"), leaf(&logs, mode));
                let bands = clock.layer(&name, logs, mode, |x| bank.norm.forward(x, mode));
                let (name, bands) = (self.name("filterbank masks"), leaf(&bands, mode));
                let bands = clock.layer(&name, bands, mode, |x| bank.augment(x, mode));
                leaf(&bands, mode)
            }
            None => waveform.reshape([batch, time, length, 1]),
        };
        for (index, block) in network.convolutions.iter().enumerate() {
            let name = self.name(&format!("convolution {}", index + 1));
            let y = clock.layer(&name, x, mode, |x| block.convolution(x));
            let name = format!("{name} norm, pooling, ReLU");
            let y = clock.layer(&name, leaf(&y, mode), mode, |y| block.normalize(y, mode));
            x = leaf(&y, mode);
        }
        for (index, lflb) in network.lflbs.iter().enumerate() {
            let name = self.name(&format!("block {}", index + 1));
            let block = format!("{name} ConvLSTM, norm, pooling");
            let y = clock.layer(&block, x.clone(), mode, |x| lflb.without_skip(x, mode));
            let y = match &lflb.skip {
                Some(skip) => {
                    let name = format!("{name} skip");
                    clock.layer(&name, x, mode, |x| y + skip.forward(x))
                }
                None => y,
            };
            x = leaf(&y, mode);
        }
        x
    }

    /// From the steps `[batch, time, features]` to the output.
    fn global(&self, clock: &mut Clock, mut steps: Tensor<3>) -> Output {
        let Self { network, config, mode, .. } = *self;
        if let Mode::Training { seed, .. } = mode {
            let dropout = Dropout { probability: config.dropout };
            let (name, x) = (self.name("dropout"), leaf(&steps, mode));
            steps = clock.layer(&name, x, mode, |x| dropout.forward(x, seed));
        }
        for (index, layer) in network.gflb.gru.iter().enumerate() {
            let (name, x) = (self.name(&format!("GRU layer {}", index + 1)), leaf(&steps, mode));
            steps = clock.layer(&name, x, mode, |x| layer.forward(x));
        }
        for (index, layer) in network.gflb.lstm.iter().enumerate() {
            let (name, x) = (self.name(&format!("LSTM layer {}", index + 1)), leaf(&steps, mode));
            steps = clock.layer(&name, x, mode, |x| layer.forward(x, mode));
        }
        let (name, x) = (self.name("head"), leaf(&steps, mode));
        let output = clock.forward(&name, || network.head.forward(x, mode));
        if let Mode::Training { .. } = mode {
            let logits = output.logits.clone();
            clock.backward(&name, || logits.backward());
        }
        Output { features: output.features.detach(), logits: output.logits.detach() }
    }
}
