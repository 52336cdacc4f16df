//! The whole network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::seed::SeedPurpose;
use crate::{
    CompressionConfig, ConvBlock, ConvBlockConfig, Dropout, Filterbank, Gflb, Head, HeadConfig,
    Lflb, NetworkConfig, NetworkError, Output, Precision, Roles, WeightInit, WithRoles, reference,
};

/// Which statistics batch normalisation uses in a forward pass, and whether dropout is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Running statistics, no dropout.
    Inference,
    /// Statistics of the batch, and dropout drawn from the seed.
    Training {
        /// A different one for every step.
        seed: u64,
        /// Whether the statistics of the batch move the running ones. Not in a further pass over the same batch, such as
        /// the second one of sharpness-aware minimisation.
        update_stats: bool,
    },
}

impl Mode {
    /// Training with dropout drawn from `seed`; the statistics of the batch move the running ones.
    #[must_use]
    pub const fn training(seed: u64) -> Self {
        Self::Training { seed, update_stats: true }
    }

    /// Whether a forward pass moves the running statistics.
    pub(crate) fn updates_stats(self) -> bool {
        matches!(self, Self::Training { update_stats: true, .. })
    }
}

/// From the segments of a waveform to class logits.
#[derive(Module, Debug)]
pub struct Network {
    /// From the waveform to log energies of bands, where there is one.
    pub filterbank: Option<Filterbank>,
    /// Convolutional blocks over time and length, first to last.
    pub convolutions: Vec<ConvBlock>,
    /// Local feature learning blocks, first to last.
    pub lflbs: Vec<Lflb>,
    /// Global feature learning block.
    pub gflb: Gflb,
    /// Fully connected layers.
    pub head: Head,
    /// Further branches, which hear the same segments.
    pub branches: Vec<Network>,
    #[module(skip)]
    compression: Option<CompressionConfig>,
    #[module(skip)]
    dropout: Dropout,
}

impl NetworkConfig {
    /// A network whose starting weights are a function of the seed.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the sizes make no network.
    pub fn init(&self, seed: u64, device: &Device) -> Result<Network, NetworkError> {
        self.validate()?;
        Ok(self.build(&mut WeightInit::new(seed), device))
    }

    /// A network of sizes that have been checked.
    fn build(&self, initializer: &mut WeightInit, device: &Device) -> Network {
        let filterbank =
            self.filterbank.map(|bank| bank.init(self.sample_rate, initializer, device));
        let convolution = |(i, block): (usize, &ConvBlockConfig)| {
            block.init(self.convolution_input(i).1, initializer, device)
        };
        let convolutions = self.convolutions.iter().enumerate().map(convolution).collect();
        let lflbs = (0..self.blocks.len())
            .map(|index| Lflb::init(self, index, initializer, device))
            .collect();
        let (length, filters) = self.block_input(self.blocks.len());
        let (gflb, input) = Gflb::init(&self.gflb, length * filters, initializer, device);
        let head = HeadConfig {
            input,
            features: self.features,
            classes: self.classes,
            dropout: self.dropout,
            temporal_pooling: self.temporal_pooling,
        };
        Network {
            filterbank,
            convolutions,
            lflbs,
            gflb,
            head: head.init(initializer, device),
            branches: self
                .branches
                .iter()
                .map(|branch| branch.build(initializer, device))
                .collect(),
            compression: self.compression,
            dropout: Dropout { probability: self.dropout },
        }
    }
}

impl Network {
    /// The network with the products of its recurrent layers in this precision; a new network's are
    /// in `f32`. The weights stay as they are, and those of other layers are never touched by it.
    ///
    /// The fused layers of the CPU alone know another precision than `f32`: on other devices this
    /// changes nothing, see [`Precision::require`].
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        let gflb = &mut self.gflb;
        let lstm = gflb.lstm.iter_mut().flat_map(|layer| [&mut layer.fwd, &mut layer.bwd]);
        let conv_lstms = self.lflbs.iter_mut().map(|lflb| &mut lflb.conv_lstm).chain(lstm);
        conv_lstms.for_each(|layer| layer.precision = precision);
        gflb.gru.iter_mut().for_each(|layer| layer.precision = precision);
        self.convolutions.iter_mut().for_each(|block| block.precision = precision);
        let branches = std::mem::take(&mut self.branches).into_iter();
        self.branches = branches.map(|branch| branch.with_precision(precision)).collect();
        self
    }

    /// What all branches say together.
    ///
    /// # Shapes
    /// - `segments`: `[batch, time, length]`, the RMS-normalised waveform cut into segments
    #[must_use]
    pub fn forward(&self, segments: Tensor<3>, mode: Mode) -> Output {
        Output::combine(self.forward_branches(segments, mode))
    }

    /// What each branch says, this network's own first.
    ///
    /// # Shapes
    /// - `segments`: `[batch, time, length]`, as for [`forward`](Self::forward)
    #[must_use]
    pub fn forward_branches(&self, segments: Tensor<3>, mode: Mode) -> Vec<Output> {
        let own = self.forward_branch(segments.clone(), mode);
        let branches = self.branches.iter().zip(1..).map(|(branch, i)| {
            let mode = match mode {
                Mode::Training { seed, update_stats } => {
                    let seed = SeedPurpose::Branch(i).derive(seed);
                    Mode::Training { seed, update_stats }
                }
                Mode::Inference => mode,
            };
            branch.forward_branch(segments.clone(), mode)
        });
        std::iter::once(own).chain(branches).collect()
    }

    /// What this network's own branch says.
    fn forward_branch(&self, segments: Tensor<3>, mode: Mode) -> Output {
        let [batch, time, length] = segments.dims();
        let waveform = segments.reshape([batch, time * length]);
        let waveform = match self.compression {
            Some(config) => reference::compression(waveform, config),
            None => waveform,
        }; // [B, T L]
        let steps = match &self.filterbank {
            Some(bank) => bank.forward(waveform, mode),
            None => waveform.reshape([batch, time, length, 1]),
        }; // [B, T, L, C], of a filterbank's frames and bands
        let steps = self.convolutions.iter().fold(steps, |x, block| block.forward(x, mode));
        let local = self.lflbs.iter().fold(steps, |x, lflb| lflb.forward(x, mode)); // [B, T, Q, H]
        let [_, time, positions, filters] = local.dims();
        let steps = local.reshape([batch, time, positions * filters]); // [B, T, Q * H]
        let steps = match mode {
            Mode::Training { seed, .. } => self.dropout.forward(steps, seed),
            Mode::Inference => steps,
        };
        let global = self.gflb.forward(steps, mode); // [B, T, 2 * hidden]
        self.head.forward(global, mode)
    }
}

impl WithRoles for Network {
    fn add_roles(&self, roles: &mut Roles) {
        if let Some(filterbank) = &self.filterbank {
            filterbank.add_roles(roles);
        }
        self.convolutions.iter().for_each(|block| block.add_roles(roles));
        self.lflbs.iter().for_each(|block| block.add_roles(roles));
        self.gflb.add_roles(roles);
        self.head.add_roles(roles);
        for (branch, network) in (1..).zip(&self.branches) {
            roles.add_branch(branch, network);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use crate::{Precision, Preset};

    #[test]
    fn a_precision_reaches_every_recurrent_layer() {
        for preset in Preset::ALL {
            let network = preset.network(8).init(0, &Device::flex()).expect("a network");
            let network = network.with_precision(Precision::Bf16);
            let (gru, lstm) = (&network.gflb.gru, &network.gflb.lstm);
            let lstm = lstm.iter().flat_map(|layer| [layer.fwd.precision, layer.bwd.precision]);
            let layers = network.lflbs.iter().map(|lflb| lflb.conv_lstm.precision);
            let layers = layers.chain(gru.iter().map(|layer| layer.precision)).chain(lstm);
            assert!(layers.into_iter().all(|precision| precision == Precision::Bf16), "{preset}");
        }
    }
}
