//! The layers of a network with the sizes of their inputs, derived once from its configuration.
//!
//! The modules that train, the tensor operations of [`reference`](crate::reference) and the
//! [`InferenceEngine`](crate::InferenceEngine) are built from these. `docs/extending.md` lists what a new kind of layer takes.

use clstm_kernels::conv_2d::Conv2dShape;
use clstm_kernels::conv_lstm::ConvLstmShape;
use clstm_kernels::filterbank::FilterbankShape;
use clstm_kernels::gru::BiGruShape;
use clstm_kernels::norm_pool::NormPoolShape;

use crate::lstm::as_conv_lstm;
use crate::{
    BiGruConfig, BiLstmConfig, CompressionConfig, ConvBlockConfig, ConvLstmConfig,
    FilterbankConfig, GflbConfig, HeadConfig, NetworkConfig, NetworkError, NormPoolConfig,
    Peepholes, Precision,
};

/// A learnable filterbank on a waveform.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilterbankSpec {
    /// Its settings.
    pub config: FilterbankConfig,
    /// Of the waveform, in Hz.
    pub sample_rate: u32,
}

/// A convolutional block and its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvBlockSpec {
    /// Its settings.
    pub config: ConvBlockConfig,
    /// Positions of its input.
    pub length: usize,
    /// Channels of its input.
    pub channels: usize,
}

/// A local feature learning block and its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LflbSpec {
    /// The ConvLSTM, with the settings of the block.
    pub conv_lstm: ConvLstmConfig,
    /// Whether its input skips to its output.
    pub skip: bool,
}

/// A layer of one of the kinds that there are.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum LayerSpec {
    /// Compression of the waveform's dynamic range, without weights.
    Compression(CompressionConfig),
    /// From the waveform to log energies of bands.
    Filterbank(FilterbankSpec),
    /// A convolutional block over time and length.
    ConvBlock(ConvBlockSpec),
    /// A local feature learning block.
    Lflb(LflbSpec),
    /// A bidirectional GRU over the time steps.
    BiGru(BiGruConfig),
    /// A bidirectional LSTM over the time steps.
    BiLstm(BiLstmConfig),
    /// The fully connected layers.
    Head(HeadConfig),
}

/// A layer and the path of its tensors in the branch, such as `lflbs.0`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedLayer {
    /// Field names joined by dots; empty for a layer without tensors.
    pub path: String,
    /// The layer.
    pub spec: LayerSpec,
}

/// One branch of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct BranchSpec {
    /// First to last; dropout comes before the recurrent layers over time.
    pub layers: Vec<NamedLayer>,
    /// Probability of dropout.
    pub dropout: f64,
}

/// A network: branches that process the same input.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// Samples of a time step.
    pub segment_length: usize,
    /// The network's own branch first.
    pub branches: Vec<BranchSpec>,
}

impl NetworkSpec {
    /// The layers of a network.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the sizes make no network.
    pub fn new(config: &NetworkConfig) -> Result<Self, NetworkError> {
        config.validate()?;
        let branches = config.iter_branches().map(BranchSpec::new).collect();
        Ok(Self { segment_length: config.segment_length, branches })
    }
}

impl NetworkConfig {
    /// Layers with tensors before the head, of the branch that has the fewest.
    ///
    /// # Errors
    /// [`NetworkError::Config`] if the sizes make no network.
    pub fn layers_before_heads(&self) -> Result<usize, NetworkError> {
        let spec = NetworkSpec::new(self)?;
        let layers = spec.branches.iter().map(|branch| branch.layers_with_tensors().count() - 1);
        Ok(layers.min().unwrap_or(0))
    }
}

impl BranchSpec {
    /// The layers that have tensors, first to last; the last one is the head.
    pub fn layers_with_tensors(&self) -> impl DoubleEndedIterator<Item = &NamedLayer> {
        self.layers.iter().filter(|layer| !layer.path.is_empty())
    }

    /// The layers of a network's own branch, whose sizes have been checked.
    fn new(config: &NetworkConfig) -> Self {
        let mut layers = Vec::new();
        let mut push = |path: String, spec: LayerSpec| layers.push(NamedLayer { path, spec });
        if let Some(compression) = config.compression {
            push(String::new(), LayerSpec::Compression(compression));
        }
        let sample_rate = config.sample_rate;
        if let Some(config) = config.filterbank {
            let spec = FilterbankSpec { config, sample_rate };
            push("filterbank".to_owned(), LayerSpec::Filterbank(spec));
        }
        for (i, block) in config.convolutions.iter().enumerate() {
            let (length, channels) = config.convolution_input(i);
            let spec = ConvBlockSpec { config: *block, length, channels };
            push(format!("convolutions.{i}"), LayerSpec::ConvBlock(spec));
        }
        for (i, block) in config.blocks.iter().enumerate() {
            let (length, channels) = config.block_input(i);
            let conv_lstm = ConvLstmConfig { length, channels, block: *block, sample_rate };
            let skip = config.skip && i > 0;
            push(format!("lflbs.{i}"), LayerSpec::Lflb(LflbSpec { conv_lstm, skip }));
        }
        let (length, filters) = config.block_input(config.blocks.len());
        let mut input = length * filters;
        match config.gflb {
            GflbConfig::None => {}
            GflbConfig::BiGru { hidden, layers, reset } => {
                for i in 0..layers {
                    let spec = BiGruConfig { input, hidden, reset };
                    push(format!("gflb.gru.{i}"), LayerSpec::BiGru(spec));
                    input = 2 * hidden;
                }
            }
            GflbConfig::BiLstm { hidden, layers } => {
                for i in 0..layers {
                    push(
                        format!("gflb.lstm.{i}"),
                        LayerSpec::BiLstm(BiLstmConfig { input, hidden }),
                    );
                    input = 2 * hidden;
                }
            }
        }
        let head = HeadConfig {
            input,
            features: config.features,
            classes: config.classes,
            dropout: config.dropout,
            temporal_pooling: config.temporal_pooling,
        };
        push("head".to_owned(), LayerSpec::Head(head));
        Self { layers, dropout: config.dropout }
    }
}

impl FilterbankSpec {
    /// The kernel's sizes for `batch` waveforms of `samples`.
    pub(crate) fn kernel_shape(&self, batch: usize, samples: usize) -> FilterbankShape {
        let FilterbankConfig { filters, kernel, stride, pool, .. } = self.config;
        FilterbankShape { batch, samples, filters, kernel, stride, pool }
    }

    /// The batch norm of the bands.
    pub(crate) fn norm(&self) -> NormPoolConfig {
        NormPoolConfig { channels: self.config.filters, pool: 1 }
    }
}

impl ConvBlockSpec {
    /// The kernel's sizes for `batch` utterances of `time` steps.
    pub(crate) fn kernel_shape(
        &self,
        batch: usize,
        time: usize,
        precision: Precision,
    ) -> Conv2dShape {
        let ConvBlockConfig { filters, kernel_time, kernel_length, stride_time, .. } = self.config;
        let (length, channels) = (self.length, self.channels);
        Conv2dShape {
            batch,
            time,
            length,
            channels,
            filters,
            kernel_time,
            kernel_length,
            stride_time,
            precision,
        }
    }

    /// Batch norm and pooling of the convolution's outputs.
    pub(crate) fn norm_pool(&self) -> NormPoolConfig {
        NormPoolConfig { channels: self.config.filters, pool: self.config.pool }
    }
}

impl ConvLstmConfig {
    /// The kernel's sizes for `batch` utterances of `time` steps.
    pub(crate) fn kernel_shape(
        &self,
        batch: usize,
        time: usize,
        precision: Precision,
    ) -> ConvLstmShape {
        let (length, channels) = (self.length, self.channels);
        ConvLstmShape {
            batch,
            time,
            channels,
            length,
            filters: self.block.filters,
            kernel_input: self.block.kernel_input,
            kernel_state: self.block.kernel_state,
            stride: self.block.stride,
            peepholes: self.block.peepholes,
            precision,
        }
    }

    /// The shape of the peephole weights, where there are some: `[gates i, f and o, filters, positions]`.
    pub(crate) fn peephole_shape(&self) -> Option<[usize; 3]> {
        let positions = match self.block.peepholes {
            Peepholes::None => return None,
            Peepholes::Channel => 1,
            Peepholes::Full => self.length.div_ceil(self.block.stride),
        };
        Some([3, self.block.filters, positions])
    }
}

impl LflbSpec {
    /// Batch norm and pooling of the ConvLSTM's states.
    pub(crate) fn norm_pool(&self) -> NormPoolConfig {
        let block = self.conv_lstm.block;
        NormPoolConfig { channels: block.filters, pool: block.pool }
    }

    /// Positions of the input that the skip connection pools into one.
    pub(crate) fn skip_pool(&self) -> usize {
        self.conv_lstm.block.stride * self.conv_lstm.block.pool
    }
}

impl BiGruConfig {
    /// The kernel's sizes for `batch` utterances of `time` steps.
    pub(crate) fn kernel_shape(
        &self,
        batch: usize,
        time: usize,
        precision: Precision,
    ) -> BiGruShape {
        let (input, hidden) = (self.input, self.hidden);
        BiGruShape { batch, time, input, hidden, reset: self.reset, precision }
    }
}

impl BiLstmConfig {
    /// The ConvLSTM of one position and one tap that each direction is.
    pub(crate) fn direction(&self) -> ConvLstmConfig {
        let block = as_conv_lstm(self.hidden);
        ConvLstmConfig { length: 1, channels: self.input, block, sample_rate: 0 }
    }
}

impl NormPoolConfig {
    /// The kernel's sizes for `rows` times `positions`.
    pub(crate) fn kernel_shape(&self, rows: usize, positions: usize) -> NormPoolShape {
        NormPoolShape { rows, positions, channels: self.channels, pool: self.pool }
    }
}

#[cfg(test)]
mod tests {
    use super::{LayerSpec, NetworkSpec};
    use crate::Preset;

    #[test]
    fn layers_stand_in_the_order_of_the_forward_pass() {
        let paths = |preset: Preset| {
            let spec = NetworkSpec::new(&preset.network(8)).expect("a network");
            let of = |branch: &super::BranchSpec| {
                branch.layers.iter().map(|layer| layer.path.clone()).collect::<Vec<_>>()
            };
            spec.branches.iter().map(of).collect::<Vec<_>>()
        };
        let clstm =
            ["", "lflbs.0", "lflbs.1", "lflbs.2", "lflbs.3", "gflb.gru.0", "gflb.gru.1", "head"];
        assert_eq!(paths(Preset::Clstm), [clstm]);
        let plus = paths(Preset::ClstmPlus);
        assert_eq!(plus[0][..3], ["filterbank", "convolutions.0", "convolutions.1"]);
        assert_eq!(plus[1], clstm);
    }

    #[test]
    fn a_layer_takes_what_the_one_before_gives() {
        let spec = NetworkSpec::new(&Preset::ClstmPlus.network(8)).expect("a network");
        let lflb = spec.branches[0].layers.iter().find_map(|layer| match layer.spec {
            LayerSpec::Lflb(lflb) => Some(lflb.conv_lstm),
            _ => None,
        });
        let lflb = lflb.expect("a block");
        assert_eq!((lflb.length, lflb.channels), (8, 96));
    }
}
