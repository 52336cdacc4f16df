//! The networks of the paper's Table 1, by name.

use std::fmt;
use std::str::FromStr;

use crate::{GflbConfig, LflbConfig, NetworkConfig, NetworkError, Peepholes, Reset};

/// A row of Table 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// ConvLSTM + FCN + softmax.
    ConvLstmFcn,
    /// ConvLSTM + skip connections + FCN + softmax.
    ConvLstmSkipFcn,
    /// ConvLSTM + BiLSTM + softmax.
    ConvLstmBiLstm,
    /// ConvLSTM + skip connections + BiLSTM + softmax.
    ConvLstmSkipBiLstm,
    /// ConvLSTM + BiGRU + softmax.
    ConvLstmBiGru,
    /// ConvLSTM + skip connections + BiGRU + softmax.
    ConvLstmSkipBiGru,
    /// ConvLSTM + skip connections + BiGRU + centre loss: the proposed system.
    Clstm,
}

impl Preset {
    /// All rows in the paper's order.
    pub const ALL: [Self; 7] = [
        Self::ConvLstmFcn,
        Self::ConvLstmSkipFcn,
        Self::ConvLstmBiLstm,
        Self::ConvLstmSkipBiLstm,
        Self::ConvLstmBiGru,
        Self::ConvLstmSkipBiGru,
        Self::Clstm,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ConvLstmFcn => "convlstm-fcn",
            Self::ConvLstmSkipFcn => "convlstm-skip-fcn",
            Self::ConvLstmBiLstm => "convlstm-bilstm",
            Self::ConvLstmSkipBiLstm => "convlstm-skip-bilstm",
            Self::ConvLstmBiGru => "convlstm-bigru",
            Self::ConvLstmSkipBiGru => "convlstm-skip-bigru",
            Self::Clstm => "clstm",
        }
    }

    /// Whether the centre loss is added to the softmax loss in training.
    #[must_use]
    pub fn center_loss(self) -> bool {
        self == Self::Clstm
    }

    /// The row's network for `classes` classes.
    ///
    /// The paper gives the kinds of layers but none of their sizes. Ours: 16 kHz, segments of 125 ms;
    /// the first block hears 25 ms windows and pools over 10 ms, so that its pooling takes the
    /// envelope of what its filters pass.
    #[must_use]
    pub fn network(self, classes: usize) -> NetworkConfig {
        let block = |filters, kernel_input, stride, pool| LflbConfig {
            filters,
            kernel_input,
            kernel_state: 3,
            stride,
            pool,
            peepholes: Peepholes::Channel,
            input_norm: true,
        };
        let gflb = match self {
            Self::ConvLstmFcn | Self::ConvLstmSkipFcn => GflbConfig::None,
            Self::ConvLstmBiLstm | Self::ConvLstmSkipBiLstm => {
                GflbConfig::BiLstm { hidden: 128, layers: 2 }
            }
            Self::ConvLstmBiGru | Self::ConvLstmSkipBiGru | Self::Clstm => {
                GflbConfig::BiGru { hidden: 128, layers: 2, reset: Reset::Before }
            }
        };
        NetworkConfig {
            sample_rate: 16_000,
            segment_length: 2_000,
            blocks: vec![
                block(32, 400, 10, 16),
                block(64, 3, 1, 2),
                block(96, 3, 1, 1),
                block(128, 3, 1, 1),
            ],
            skip: !matches!(self, Self::ConvLstmFcn | Self::ConvLstmBiLstm | Self::ConvLstmBiGru),
            gflb,
            features: 128,
            dropout: 0.2,
            classes,
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = NetworkError;

    fn from_str(name: &str) -> Result<Self, NetworkError> {
        Self::ALL.into_iter().find(|p| p.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            NetworkError::UnknownPreset { name: name.to_owned(), known }
        })
    }
}
