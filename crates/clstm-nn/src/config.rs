//! Settings of a network: what a model file stores and a preset fills in.

use std::ops::Range;

pub use clstm_kernels::conv_lstm::Peepholes;
pub use clstm_kernels::gru::Reset;
use serde::{Deserialize, Serialize};

use crate::NetworkError;

/// One local feature learning block: ConvLSTM, batch norm, max pooling.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LflbConfig {
    /// Filters of each gate.
    pub filters: usize,
    /// Taps of the input-to-state convolution.
    pub kernel_input: usize,
    /// Taps of the state-to-state convolution.
    pub kernel_state: usize,
    /// Stride of the input-to-state convolution.
    pub stride: usize,
    /// Positions pooled into one.
    pub pool: usize,
    /// Peephole connections.
    pub peepholes: Peepholes,
    /// Whether the input-to-state pre-activations are batch-normalised.
    pub input_norm: bool,
}

/// The global feature learning block over the time steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum GflbConfig {
    /// None: the features go straight to the fully connected layers.
    None,
    /// Stacked bidirectional GRU.
    BiGru {
        /// Units of each direction.
        hidden: usize,
        /// Stacked layers.
        layers: usize,
        /// Where the reset gate acts.
        reset: Reset,
    },
    /// Stacked bidirectional LSTM.
    BiLstm {
        /// Units of each direction.
        hidden: usize,
        /// Stacked layers.
        layers: usize,
    },
}

/// A learnable filterbank on the waveform, see [`Filterbank`](crate::Filterbank).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterbankConfig {
    /// Complex filters, one a band.
    pub filters: usize,
    /// Taps of a filter.
    pub kernel: usize,
    /// Samples from one output of a filter to the next.
    pub stride: usize,
    /// Outputs whose energies are averaged into a frame.
    pub pool: usize,
    /// Most neighbouring bands that are masked in training (SpecAugment, Park et al., Interspeech 2019,
    /// <https://arxiv.org/abs/1904.08779>); 0 for none. Below the number of filters.
    #[serde(alias = "mask")]
    pub freq_mask_max_width: usize,
    /// Whether the logarithm of a band's mean energy over the utterance is subtracted from its log energies, which
    /// removes the long-term spectrum of voice, room and microphone.
    #[serde(default, alias = "relative")]
    pub mean_normalize: bool,
    /// Largest relative change of all centre frequencies in training, drawn for each step (vocal tract length
    /// perturbation, VTLP, Jaitly & Hinton, 2013); 0 for none. Below 0.5.
    #[serde(default, alias = "warp")]
    pub vtlp_max: f64,
    /// Probability with which an utterance's mean and deviation in each band are mixed with those of
    /// another one of the batch in training (MixStyle, Zhou et al., ICLR 2021,
    /// <https://arxiv.org/abs/2104.02008>); 0 for never.
    #[serde(default, alias = "style")]
    pub mixstyle_prob: f64,
}

/// Compression of the waveform's dynamic range: RMS normalisation (Eq. 1) in windows of two hops instead of the
/// utterance, and in part. Quiet phones come nearer to loud ones, and part of the difference in loudness stays.
///
/// A sample is multiplied by `((level² + floor²) / reference²)^(-ratio / 2)`, with the RMS level of the samples up to a
/// hop before and behind, 40 dB below the front end's level as the floor, between hops interpolated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompressionConfig {
    /// The share of the level differences, in dB, that is removed: 0 leaves the waveform as it is, 1 makes all of it equally
    /// loud.
    #[serde(alias = "amount")]
    pub ratio: f64,
    /// Samples from one level to the next.
    pub hop: usize,
}

/// Mean square of speech at the front end's level, -20 dBFS, which compression leaves as it is.
pub const COMPRESSION_REFERENCE: f32 = 0.01;

/// Added to a mean square before it becomes a gain: 40 dB below [`COMPRESSION_REFERENCE`]. Silence and background noise are
/// amplified no further.
pub const COMPRESSION_FLOOR: f32 = 1e-6;

impl CompressionConfig {
    /// The samples that the `k`-th level is measured on, of `samples`.
    pub(crate) fn window(self, k: usize, samples: usize) -> Range<usize> {
        let middle = k * self.hop;
        middle.saturating_sub(self.hop)..(middle + self.hop).min(samples)
    }
}

/// A convolutional block over time and length, see [`ConvBlock`](crate::ConvBlock).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvBlockConfig {
    /// Filters.
    pub filters: usize,
    /// Taps in time.
    pub kernel_time: usize,
    /// Taps along the length.
    pub kernel_length: usize,
    /// Time steps from one output to the next.
    pub stride_time: usize,
    /// Positions pooled into one.
    pub pool: usize,
}

/// How the steps of an utterance become one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum TemporalPooling {
    /// Their mean.
    #[default]
    Mean,
    /// Their mean weighted by a learnt attention, `softmax_t(v · tanh(W x_t + b))`
    /// (Lin et al., ICLR 2017, <https://arxiv.org/abs/1703.03130>).
    Attention {
        /// Size of the attention's hidden layer.
        hidden: usize,
    },
}

/// A network: its layers and their sizes, first to last.
///
/// The input is a waveform cut into time steps, `[batch, time, segment_length]`. A network may have further branches beside its own;
/// the branches process the same input and their logits are averaged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Sample rate of the input, in Hz.
    pub sample_rate: u32,
    /// Samples of a time step, which the paper calls a segment.
    pub segment_length: usize,
    /// Compression of the waveform's dynamic range before the first layer; the paper has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<CompressionConfig>,
    /// A filterbank before the blocks; without it the first block processes the waveform, as in the paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filterbank: Option<FilterbankConfig>,
    /// Convolutional blocks before the local feature learning blocks; the paper has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub convolutions: Vec<ConvBlockConfig>,
    /// The local feature learning blocks, first to last.
    pub blocks: Vec<LflbConfig>,
    /// Whether each block's input skips to its output (from the second block on).
    pub skip: bool,
    /// The global feature learning block.
    pub gflb: GflbConfig,
    /// How the steps become one vector.
    #[serde(default, alias = "pooling")]
    pub temporal_pooling: TemporalPooling,
    /// Size of the deep feature, the input of the centre loss; see [`deep_feature`](Self::deep_feature).
    pub features: usize,
    /// Probability of dropout before the GFLB and on the deep feature, while training.
    pub dropout: f64,
    /// Number of classes.
    pub classes: usize,
    /// Number of continuous targets, such as arousal and valence: outputs of a linear layer on the deep feature of all
    /// branches, see [`DimensionHead`](crate::DimensionHead). The branches themselves have none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dimensions: usize,
    /// Further branches: networks without branches that process the same input. The logits are the mean of all
    /// branches', the deep feature is their concatenation, this network's own first; each is trained by a loss of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<NetworkConfig>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Most continuous targets.
const MOST_DIMENSIONS: usize = 16;

/// Largest size of a layer in any direction. The product of two stays a small number.
const LARGEST: usize = 1 << 16;

/// Most convolutional or local feature learning blocks.
const MOST_BLOCKS: usize = 64;

/// Most branches beside the network's own.
const MOST_BRANCHES: usize = 15;

/// Most stacked layers over time.
const MOST_RECURRENT_LAYERS: usize = 16;

/// Most weights: a gigabyte of `f32`, a thousand times what the largest preset has.
const MOST_WEIGHTS: u128 = 1 << 28;

impl NetworkConfig {
    /// Checks that the sizes make a network.
    ///
    /// # Errors
    /// [`NetworkError::Config`] names the size that does not.
    pub fn validate(&self) -> Result<(), NetworkError> {
        let size = |name: &str, value: usize| match value {
            1..=LARGEST => Ok(()),
            _ => Err(NetworkError::Config(format!("{name} is {value}, not in 1..={LARGEST}"))),
        };
        self.validate_branches()?;
        size("segment_length", self.segment_length)?;
        size("features", self.features)?;
        size("classes", self.classes)?;
        if self.dimensions > MOST_DIMENSIONS {
            let count = self.dimensions;
            let message = format!("dimensions is {count}, not in 0..={MOST_DIMENSIONS}");
            return Err(NetworkError::Config(message));
        }
        if !(1..=MOST_BLOCKS).contains(&self.blocks.len()) {
            let count = self.blocks.len();
            return Err(NetworkError::Config(format!("{count} blocks, not in 1..={MOST_BLOCKS}")));
        }
        if !(1_000..=384_000).contains(&self.sample_rate) {
            let rate = self.sample_rate;
            return Err(NetworkError::Config(format!("sample_rate is {rate} Hz")));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(NetworkError::Config(format!(
                "dropout is {}, not in [0, 1)",
                self.dropout
            )));
        }
        if let Some(compression) = &self.compression {
            size("compression.hop", compression.hop)?;
            if !(0.0..=1.0).contains(&compression.ratio) {
                let ratio = compression.ratio;
                return Err(NetworkError::Config(format!(
                    "compression.ratio is {ratio}, not in [0, 1]"
                )));
            }
        }
        if let Some(bank) = &self.filterbank {
            size("filterbank.filters", bank.filters)?;
            size("filterbank.kernel", bank.kernel)?;
            size("filterbank.stride", bank.stride)?;
            size("filterbank.pool", bank.pool)?;
            if bank.freq_mask_max_width >= bank.filters {
                // As wide as the bank it could hide the whole spectrum of an utterance.
                return Err(NetworkError::Config(format!(
                    "filterbank.freq_mask_max_width is {}, not below the {} filters",
                    bank.freq_mask_max_width, bank.filters
                )));
            }
            if !(0.0..0.5).contains(&bank.vtlp_max) {
                let vtlp_max = bank.vtlp_max;
                return Err(NetworkError::Config(format!(
                    "filterbank.vtlp_max is {vtlp_max}, not in [0, 0.5)"
                )));
            }
            if !(0.0..=1.0).contains(&bank.mixstyle_prob) {
                let mixstyle_prob = bank.mixstyle_prob;
                return Err(NetworkError::Config(format!(
                    "filterbank.mixstyle_prob is {mixstyle_prob}, not in [0, 1]"
                )));
            }
            if !self.segment_length.is_multiple_of(bank.stride * bank.pool) {
                let (length, frame) = (self.segment_length, bank.stride * bank.pool);
                return Err(NetworkError::Config(format!(
                    "segment_length {length} is not a multiple of the filterbank's frames of {frame}"
                )));
            }
        }
        if self.convolutions.len() > MOST_BLOCKS {
            let count = self.convolutions.len();
            let message = format!("{count} convolutions, not in 0..={MOST_BLOCKS}");
            return Err(NetworkError::Config(message));
        }
        for (i, block) in self.convolutions.iter().enumerate() {
            size(&format!("convolutions[{i}].filters"), block.filters)?;
            size(&format!("convolutions[{i}].kernel_time"), block.kernel_time)?;
            size(&format!("convolutions[{i}].kernel_length"), block.kernel_length)?;
            size(&format!("convolutions[{i}].stride_time"), block.stride_time)?;
            size(&format!("convolutions[{i}].pool"), block.pool)?;
        }
        if let TemporalPooling::Attention { hidden } = self.temporal_pooling {
            size("temporal_pooling.hidden", hidden)?;
        }
        for (i, block) in self.blocks.iter().enumerate() {
            size(&format!("blocks[{i}].filters"), block.filters)?;
            size(&format!("blocks[{i}].kernel_input"), block.kernel_input)?;
            size(&format!("blocks[{i}].kernel_state"), block.kernel_state)?;
            size(&format!("blocks[{i}].stride"), block.stride)?;
            size(&format!("blocks[{i}].pool"), block.pool)?;
        }
        if let GflbConfig::BiGru { hidden, layers, .. } | GflbConfig::BiLstm { hidden, layers } =
            self.gflb
        {
            size("gflb.hidden", hidden)?;
            if !(1..=MOST_RECURRENT_LAYERS).contains(&layers) {
                return Err(NetworkError::Config(format!(
                    "gflb.layers is {layers}, not in 1..={MOST_RECURRENT_LAYERS}"
                )));
            }
        }
        let weights = self.min_weights();
        if weights > MOST_WEIGHTS {
            let message = format!("{weights} weights, more than {MOST_WEIGHTS}");
            return Err(NetworkError::Config(message));
        }
        Ok(())
    }

    /// Checks that the branches make networks with the input and the classes of this one.
    fn validate_branches(&self) -> Result<(), NetworkError> {
        if self.branches.len() > MOST_BRANCHES {
            let count = self.branches.len();
            return Err(NetworkError::Config(format!(
                "{count} branches, not in 0..={MOST_BRANCHES}"
            )));
        }
        for (i, branch) in self.branches.iter().enumerate() {
            let named = |what: String| NetworkError::Config(format!("branches[{i}]{what}"));
            let same = [
                ("sample_rate", branch.sample_rate as usize, self.sample_rate as usize),
                ("segment_length", branch.segment_length, self.segment_length),
                ("classes", branch.classes, self.classes),
            ];
            if let Some((what, found, wanted)) = same.iter().find(|(_, a, b)| a != b) {
                return Err(named(format!(".{what} is {found}, the network's {wanted}")));
            }
            if branch.dimensions > 0 {
                return Err(named(" has dimensions of its own".to_owned()));
            }
            if !branch.branches.is_empty() {
                return Err(named(" has branches of its own".to_owned()));
            }
            branch.validate().map_err(|error| named(format!(": {error}")))?;
        }
        Ok(())
    }

    /// This network's own branch, then the further ones.
    pub fn iter_branches(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.branches)
    }

    /// Size of each branch's deep feature, this network's own first.
    #[must_use]
    pub fn branch_features(&self) -> Vec<usize> {
        self.iter_branches().map(|branch| branch.features).collect()
    }

    /// Size of the deep feature of all branches together.
    #[must_use]
    pub fn deep_feature(&self) -> usize {
        self.iter_branches().map(|branch| branch.features).sum()
    }

    /// `(length, channels)` of a step before convolution `i`, and after the last for
    /// `i == convolutions`.
    #[must_use]
    pub fn convolution_input(&self, i: usize) -> (usize, usize) {
        let length = self.filterbank.map_or(self.segment_length, |bank| bank.filters);
        self.convolutions[..i]
            .iter()
            .fold((length, 1), |(length, _), block| (length.div_ceil(block.pool), block.filters))
    }

    /// `(length, channels)` of a step before block `i`, and after the last for `i == blocks`.
    #[must_use]
    pub fn block_input(&self, i: usize) -> (usize, usize) {
        let first = self.convolution_input(self.convolutions.len());
        self.blocks[..i].iter().fold(first, |(length, _), block| {
            (length.div_ceil(block.stride).div_ceil(block.pool), block.filters)
        })
    }

    /// Time steps before convolution `i` for an input of `segments` time steps, and after the last, where the blocks
    /// are, for `i == convolutions`.
    #[must_use]
    pub fn convolution_steps(&self, i: usize, segments: usize) -> usize {
        let frame = self.filterbank.map_or(self.segment_length, |bank| bank.stride * bank.pool);
        let frames = segments * (self.segment_length / frame.max(1));
        let convolutions = self.convolutions[..i].iter();
        convolutions.fold(frames, |steps, block| steps.div_ceil(block.stride_time))
    }
}
