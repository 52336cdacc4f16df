//! The networks of the paper's Table 1, and ours, by name.

use std::fmt;
use std::str::FromStr;

use crate::{
    CompressionConfig, ConvBlockConfig, FilterbankConfig, GflbConfig, LflbConfig, NetworkConfig,
    NetworkError, Peepholes, Reset, TemporalPooling,
};

/// A row of Table 1, `clstm-plus` or `clstm-tiny`.
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
    /// Ours, beyond the paper: a learnable filterbank and convolutions over time and frequency before
    /// the ConvLSTM blocks, attention over time; and the proposed system as a second branch.
    ClstmPlus,
    /// The first branch of `clstm-plus` in small: fewer than 50,000 parameters.
    ClstmTiny,
}

impl Preset {
    /// The rows of Table 1 in the paper's order.
    pub const TABLE_1: [Self; 7] = [
        Self::ConvLstmFcn,
        Self::ConvLstmSkipFcn,
        Self::ConvLstmBiLstm,
        Self::ConvLstmSkipBiLstm,
        Self::ConvLstmBiGru,
        Self::ConvLstmSkipBiGru,
        Self::Clstm,
    ];

    /// All of them.
    pub const ALL: [Self; 9] = {
        let [fcn, skip_fcn, bilstm, skip_bilstm, bigru, skip_bigru, clstm] = Self::TABLE_1;
        let (plus, tiny) = (Self::ClstmPlus, Self::ClstmTiny);
        [fcn, skip_fcn, bilstm, skip_bilstm, bigru, skip_bigru, clstm, plus, tiny]
    };

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
            Self::ClstmPlus => "clstm-plus",
            Self::ClstmTiny => "clstm-tiny",
        }
    }

    /// Whether the centre loss is added to the softmax loss in training.
    #[must_use]
    pub fn center_loss(self) -> bool {
        matches!(self, Self::Clstm | Self::ClstmPlus | Self::ClstmTiny)
    }

    /// The row's network for `classes` classes.
    ///
    /// The paper gives the kinds of layers but none of their sizes. Ours: 16 kHz, segments of 125 ms;
    /// the first block has filters of 25 ms and pools over 10 ms, so that its pooling takes the
    /// envelope of what its filters pass. Before it half of the differences in level are taken out of the waveform.
    #[must_use]
    pub fn network(self, classes: usize) -> NetworkConfig {
        let gflb = match self {
            Self::ConvLstmFcn | Self::ConvLstmSkipFcn => GflbConfig::None,
            Self::ConvLstmBiLstm | Self::ConvLstmSkipBiLstm => {
                GflbConfig::BiLstm { hidden: 128, layers: 2 }
            }
            Self::ConvLstmBiGru | Self::ConvLstmSkipBiGru | Self::Clstm => bi_gru(128),
            Self::ClstmPlus => return plus(classes),
            Self::ClstmTiny => return tiny(classes),
        };
        NetworkConfig {
            sample_rate: 16_000,
            segment_length: 2_000,
            compression: Some(CompressionConfig { ratio: 0.5, hop: 160 }),
            filterbank: None,
            convolutions: Vec::new(),
            temporal_pooling: TemporalPooling::Mean,
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
            dimensions: 0,
            branches: Vec::new(),
        }
    }
}

/// A local feature learning block.
fn block(filters: usize, kernel_input: usize, stride: usize, pool: usize) -> LflbConfig {
    LflbConfig {
        filters,
        kernel_input,
        kernel_state: 3,
        stride,
        pool,
        peepholes: Peepholes::Channel,
        input_norm: true,
    }
}

/// Two bidirectional GRUs, one on the other.
fn bi_gru(hidden: usize) -> GflbConfig {
    GflbConfig::BiGru { hidden, layers: 2, reset: Reset::Before }
}

/// A convolution over time and frequency that halves the positions along the frequency.
fn convolution(filters: usize, stride_time: usize) -> ConvBlockConfig {
    ConvBlockConfig { filters, kernel_time: 3, kernel_length: 3, stride_time, pool: 2 }
}

/// The network of `clstm-plus`: frames of 10 ms in 64 bands, three convolutions down to steps of 60 ms
/// and 8 positions along the frequency, and a ConvLSTM block along it. A second branch is the paper's network: its errors
/// differ, on unseen speakers too.
fn plus(classes: usize) -> NetworkConfig {
    let bank = FilterbankConfig {
        filters: 64,
        kernel: 400,
        stride: 40,
        pool: 4,
        freq_mask_max_width: 8,
        mean_normalize: true,
        vtlp_max: 0.08,
        mixstyle_prob: 0.0,
    };
    let segment_length = 1_920;
    let beside = NetworkConfig { segment_length, ..Preset::Clstm.network(classes) };
    NetworkConfig {
        sample_rate: 16_000,
        segment_length,
        compression: None,
        filterbank: Some(bank),
        convolutions: vec![convolution(32, 2), convolution(64, 3), convolution(96, 1)],
        blocks: vec![block(96, 3, 1, 2)],
        skip: true,
        gflb: bi_gru(128),
        temporal_pooling: TemporalPooling::Attention { hidden: 64 },
        features: 128,
        dropout: 0.3,
        classes,
        dimensions: 0,
        branches: vec![beside],
    }
}

/// The network of `clstm-tiny`: the first branch of `clstm-plus` with frames of 20 ms in 40 bands, ConvLSTM and GRUs at one
/// step of 120 ms for each time step, and an eighth to a half of the filters and units. Half as long filters at twice the stride
/// take a sixth of the multiplications of the larger filterbank.
fn tiny(classes: usize) -> NetworkConfig {
    let plus = plus(classes);
    let bank = plus.filterbank.map(|bank| FilterbankConfig {
        filters: 40,
        kernel: 200,
        stride: 80,
        freq_mask_max_width: 5,
        ..bank
    });
    NetworkConfig {
        filterbank: bank,
        convolutions: vec![convolution(12, 1), convolution(32, 3), convolution(32, 2)],
        blocks: vec![block(24, 3, 1, 2)],
        gflb: bi_gru(16),
        temporal_pooling: TemporalPooling::Attention { hidden: 16 },
        features: 32,
        dropout: 0.1,
        branches: Vec::new(),
        ..plus
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
