//! The whole network.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};

use crate::seed::SeedPurpose;
use crate::spec::{BranchSpec, LayerSpec, NamedLayer, NetworkSpec};
use crate::{
    CompressionConfig, ConvBlock, DimensionHead, DimensionHeadConfig, Dropout, Filterbank, Gflb,
    Head, Lflb, NetworkConfig, NetworkError, Output, ParameterKind, Precision, Roles, WeightInit,
    WithRoles, reference,
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
    /// Of a frozen layer in training: running statistics, which stay as they are. Its weights require no gradient.
    Frozen {
        /// For what is drawn in the layer, such as the masks of a filterbank.
        seed: u64,
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

    /// Whether batch normalisation uses the running statistics.
    pub(crate) fn uses_running_stats(self) -> bool {
        matches!(self, Self::Inference | Self::Frozen { .. })
    }

    /// The seed of what is drawn in training; none in inference.
    pub(crate) fn seed(self) -> Option<u64> {
        match self {
            Self::Training { seed, .. } | Self::Frozen { seed } => Some(seed),
            Self::Inference => None,
        }
    }

    /// The mode of a frozen layer.
    fn frozen(self) -> Self {
        self.seed().map_or(Self::Inference, |seed| Self::Frozen { seed })
    }
}

/// From the time steps of a waveform to class logits. The fields name tensors of model files.
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
    /// From the deep feature of all branches to continuous targets, where there are some.
    pub dimension_head: Option<DimensionHead>,
    /// Further branches, which process the same input.
    pub branches: Vec<Network>,
    #[module(skip)]
    compression: Option<CompressionConfig>,
    #[module(skip)]
    dropout: Dropout,
    /// Layers with tensors at the front of the own branch that stay as they are.
    #[module(skip)]
    frozen_layers: usize,
}

impl NetworkConfig {
    /// A network whose initial weights are a function of the seed.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the sizes make no network.
    pub fn init(&self, seed: u64, device: &Device) -> Result<Network, NetworkError> {
        let spec = NetworkSpec::new(self)?;
        let initializer = &mut WeightInit::new(seed);
        let mut branches = spec.branches.iter().map(|branch| branch.init(initializer, device));
        let own = branches.next().expect("a network has a branch of its own");
        let (features, dimensions) = (self.branch_features(), self.dimensions);
        let head = DimensionHeadConfig { features, dimensions };
        let dimension_head = (dimensions > 0).then(|| head.init(device));
        Ok(Network { dimension_head, branches: branches.collect(), ..own })
    }
}

impl BranchSpec {
    /// Draws the initial weights of the layers, first to last.
    fn init(&self, initializer: &mut WeightInit, device: &Device) -> Network {
        let (mut compression, mut filterbank, mut head) = (None, None, None);
        let (mut convolutions, mut lflbs) = (Vec::new(), Vec::new());
        let mut gflb = Gflb { gru: Vec::new(), lstm: Vec::new() };
        for NamedLayer { spec, .. } in &self.layers {
            match spec {
                LayerSpec::Compression(config) => compression = Some(*config),
                LayerSpec::Filterbank(spec) => filterbank = Some(spec.init(initializer, device)),
                LayerSpec::ConvBlock(spec) => convolutions.push(spec.init(initializer, device)),
                LayerSpec::Lflb(spec) => lflbs.push(spec.init(initializer, device)),
                LayerSpec::BiGru(config) => gflb.gru.push(config.init(initializer, device)),
                LayerSpec::BiLstm(config) => gflb.lstm.push(config.init(initializer, device)),
                LayerSpec::Head(config) => head = Some(config.init(initializer, device)),
            }
        }
        Network {
            filterbank,
            convolutions,
            lflbs,
            gflb,
            head: head.expect("a branch ends in a head"),
            dimension_head: None,
            branches: Vec::new(),
            compression,
            dropout: Dropout { probability: self.dropout },
            frozen_layers: 0,
        }
    }
}

impl Network {
    /// The network with the products of its recurrent layers in this precision; a new network's are
    /// in `f32`. The weights stay as they are, and those of other layers are never touched by it.
    ///
    /// The fused layers of the CPU alone know another precision than `f32`: on other devices this
    /// changes nothing, see [`require_precision`](crate::require_precision).
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

    /// The network with the first `count` layers of each branch frozen: a training changes neither their weights nor their
    /// running statistics. Layers without tensors do not count ([`BranchSpec::layers_with_tensors`]).
    #[must_use]
    pub fn with_frozen_layers(self, count: usize) -> Self {
        let network = self.count_frozen_layers(count);
        let roles = Roles::of(&network);
        network.map(&mut Freeze { roles: &roles })
    }

    fn count_frozen_layers(mut self, count: usize) -> Self {
        self.frozen_layers = count;
        let branches = std::mem::take(&mut self.branches).into_iter();
        self.branches = branches.map(|branch| branch.count_frozen_layers(count)).collect();
        self
    }

    /// The layers with tensors of the network's own branch, first to last, as
    /// [`BranchSpec::layers_with_tensors`] lists them.
    fn layers(&self) -> Vec<&dyn WithRoles> {
        let mut layers: Vec<&dyn WithRoles> = Vec::new();
        if let Some(filterbank) = &self.filterbank {
            layers.push(filterbank);
        }
        self.convolutions.iter().for_each(|block| layers.push(block));
        self.lflbs.iter().for_each(|block| layers.push(block));
        self.gflb.gru.iter().for_each(|layer| layers.push(layer));
        self.gflb.lstm.iter().for_each(|layer| layers.push(layer));
        layers.push(&self.head);
        layers
    }

    /// The mean of the branches' logits and their concatenated deep features.
    ///
    /// # Panics
    /// In the backward pass, if the mode is [`Mode::Inference`], or if the segments of a network with a filterbank require a
    /// gradient: neither has one on the CPU. A graph can be differentiated once.
    ///
    /// # Shapes
    /// - `segments`: `[batch, time, length]`, the RMS-normalised waveform cut into segments
    #[must_use]
    pub fn forward(&self, segments: Tensor<3>, mode: Mode) -> Output {
        Output::combine(self.forward_branches(segments, mode))
    }

    /// The output of each branch, this network's own first.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
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
                Mode::Frozen { seed } => Mode::Frozen { seed: SeedPurpose::Branch(i).derive(seed) },
                Mode::Inference => mode,
            };
            branch.forward_branch(segments.clone(), mode)
        });
        std::iter::once(own).chain(branches).collect()
    }

    /// The output of this network's own branch.
    fn forward_branch(&self, segments: Tensor<3>, mode: Mode) -> Output {
        let [batch, time, length] = segments.dims();
        let waveform = segments.reshape([batch, time * length]);
        let waveform = match self.compression {
            Some(config) => reference::compression(waveform, config),
            None => waveform,
        }; // [B, T L]
        let mut frozen = self.frozen_layers;
        // Of the next layer.
        let mut next_mode = || match frozen {
            0 => mode,
            _ => {
                frozen -= 1;
                mode.frozen()
            }
        };
        let steps = match &self.filterbank {
            Some(bank) => bank.forward(waveform, next_mode()),
            None => waveform.reshape([batch, time, length, 1]),
        }; // [B, T, L, C], of a filterbank's frames and bands
        let blocks = self.convolutions.iter();
        let steps = blocks.fold(steps, |x, block| block.forward(x, next_mode()));
        let lflbs = self.lflbs.iter();
        let local = lflbs.fold(steps, |x, lflb| lflb.forward(x, next_mode())); // [B, T, Q, H]
        let [_, time, positions, filters] = local.dims();
        let steps = local.reshape([batch, time, positions * filters]); // [B, T, Q * H]
        let steps = match mode.seed() {
            Some(seed) => self.dropout.forward(steps, seed),
            None => steps,
        };
        let global = self.gflb.forward(steps, mode); // [B, T, 2 * hidden]
        self.head.forward(global, mode)
    }
}

impl WithRoles for Network {
    fn add_roles(&self, roles: &mut Roles) {
        roles.add_layers(&self.layers(), self.frozen_layers);
        if let Some(head) = &self.dimension_head {
            head.add_roles(roles);
        }
        for (branch, network) in (1..).zip(&self.branches) {
            roles.add_branch(branch, network);
        }
    }
}

/// Takes the gradients from the weights of frozen layers.
struct Freeze<'a> {
    roles: &'a Roles,
}

impl ModuleMapper for Freeze<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.roles.role(param.id).kind {
            ParameterKind::Frozen => param.set_require_grad(false),
            ParameterKind::Weight | ParameterKind::RunningStatistic => param,
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
