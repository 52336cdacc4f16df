//! Sizes of the whole network: what a model file stores and a preset fills in.

use serde::{Deserialize, Serialize};

use crate::NetworkError;

/// Which peephole connections (the `w_c` terms of Eq. 2-4) a ConvLSTM has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peepholes {
    /// None: what Keras' `ConvLSTM1D` computes.
    None,
    /// One weight a filter, shared by all positions.
    Channel,
    /// One weight a filter and position, as the equations write it.
    Full,
}

/// Where a GRU's reset gate acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reset {
    /// On the state, before the recurrent product (Eq. 10).
    Before,
    /// On the recurrent product (cuDNN, Keras, PyTorch).
    After,
}

/// One local feature learning block: ConvLSTM, batch norm, max pooling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// The whole network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Sample rate that the network hears, in Hz.
    pub sample_rate: u32,
    /// Samples of one segment (time step).
    pub segment_length: usize,
    /// The local feature learning blocks, first to last.
    pub blocks: Vec<LflbConfig>,
    /// Whether each block's input skips to its output (from the second block on).
    pub skip: bool,
    /// The global feature learning block.
    pub gflb: GflbConfig,
    /// Size of the deep feature, which the centre loss sees.
    pub features: usize,
    /// Probability of dropout before the GFLB and on the deep feature, while training.
    pub dropout: f64,
    /// Number of classes.
    pub classes: usize,
}

/// No sane layer is wider or longer; a malformed file must not ask for all memory.
const LARGEST: usize = 1 << 16;

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
        size("segment_length", self.segment_length)?;
        size("features", self.features)?;
        size("classes", self.classes)?;
        if !(1..=64).contains(&self.blocks.len()) {
            let count = self.blocks.len();
            return Err(NetworkError::Config(format!("{count} blocks, not in 1..=64")));
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
            if !(1..=16).contains(&layers) {
                return Err(NetworkError::Config(format!(
                    "gflb.layers is {layers}, not in 1..=16"
                )));
            }
        }
        Ok(())
    }

    /// `(length, channels)` of a segment before block `i`, and after the last for `i == blocks`.
    #[must_use]
    pub fn block_input(&self, i: usize) -> (usize, usize) {
        self.blocks[..i].iter().fold((self.segment_length, 1), |(length, _), block| {
            (length.div_ceil(block.stride).div_ceil(block.pool), block.filters)
        })
    }
}
