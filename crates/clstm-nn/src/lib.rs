//! The hierarchical ConvLSTM network for speech emotion recognition, as Burn modules.
//!
//! Mustaqeem & Kwon, *CLSTM: Deep Feature-Based Speech Emotion Recognition Using the Hierarchical
//! ConvLSTM Network*, Mathematics 8(12), 2020. From the time steps of a raw waveform to class logits:
//!
//! ```text
//! segments [B, T, L] -> LFLB x 4 (ConvLSTM -> batch norm -> max pooling, with skip connections)
//!                    -> GFLB (stacked BiGRU or BiLSTM over the T time steps)
//!                    -> mean over time -> FC: the deep feature -> FC: logits
//!                                                              -> FC: dimensions, where there are some
//! ```
//!
//! - [`NetworkConfig`]: the settings of a network; [`Preset`] has the seven rows of the paper's Table 1, `clstm-plus` and `clstm-tiny`.
//! - [`NetworkSpec`]: its layers with their sizes, from which everything else is built.
//! - [`Network`]: the modules that train; [`InferenceEngine`]: the same network for inference, without Burn in the forward
//!   pass, its weights packed once.
//! - [`ParameterRole`]: how each tensor is trained, set by the layer that owns it.
//!
//! # Example
//! A network with random weights on two utterances of three time steps:
//!
//! ```
//! use clstm_nn::burn::tensor::Device;
//! use clstm_nn::{InferenceEngine, Precision, Preset, parameters};
//!
//! let config = Preset::Clstm.network(8);
//! let network = config.init(1, &Device::flex())?;
//! let engine = InferenceEngine::new(&config, &parameters(&network), Precision::F32)?;
//! let segments = vec![0.1; 2 * 3 * config.segment_length];
//! let output = engine.run(&segments, [2, 3]);
//! assert_eq!(output.logits.len(), 2 * 8);
//! assert_eq!(output.features.len(), 2 * config.deep_feature());
//! # Ok::<(), clstm_nn::NetworkError>(())
//! ```
//!
//! # Layout
//! Inside the network a tensor is `[batch, time, length, channels]`: with the channel innermost a
//! convolution's window is contiguous in memory, which the fused layers rely on for speed.
//!
//! # Devices
//! On the CPU device the recurrent layers are single fused operations (`clstm-kernels`) with their
//! own backward passes. On every other device the same mathematics runs as tensor operations
//! ([`reference`]), which the fused layers are also tested against, in `f32`: [`Precision::Bf16`] needs the fused layers.

#![forbid(unsafe_code)]

mod auxiliary_head;
mod ccc_loss;
mod center_loss;
mod config;
mod conv_block;
mod conv_lstm;
mod device;
mod dimension_head;
mod dropout;
mod engine;
mod error;
mod filterbank;
mod fused;
mod gflb;
mod gru;
mod head;
mod init;
mod lflb;
mod lstm;
mod mel;
mod network;
mod norm_pool;
#[cfg(feature = "train")]
mod optim_bridge;
mod parameters;
mod precision;
mod preset;
mod rng;
mod role;
mod seed;
mod size;
mod skip;
mod spec;
mod tensor_data;
mod tensors;

pub mod reference;

pub use auxiliary_head::{AuxiliaryHead, AuxiliaryHeadConfig};
pub use ccc_loss::ccc_loss;
pub use center_loss::{CenterLoss, CenterLossConfig, softmax_loss};
pub use config::{
    COMPRESSION_FLOOR, COMPRESSION_REFERENCE, CompressionConfig, ConvBlockConfig, FilterbankConfig,
    GflbConfig, LflbConfig, NetworkConfig, Peepholes, Reset, TemporalPooling,
};
pub use conv_block::ConvBlock;
pub use conv_lstm::{ConvLstm, ConvLstmConfig};
pub use device::{ComputeDevice, DeviceName};
pub use dimension_head::{DimensionHead, DimensionHeadConfig};
pub use dropout::Dropout;
pub use engine::{EngineOutput, InferenceEngine};
pub use error::NetworkError;
pub use filterbank::Filterbank;
pub use gflb::Gflb;
pub use gru::{BiGru, BiGruConfig, GruDirection};
pub use head::{Attention, Head, HeadConfig, Output};
pub use init::WeightInit;
pub use lflb::Lflb;
pub use lstm::{BiLstm, BiLstmConfig};
pub use network::{Mode, Network};
pub use norm_pool::{EPSILON as NORM_EPSILON, NormPool, NormPoolConfig};
#[cfg(feature = "train")]
pub use optim_bridge::{gradients, update_weights};
pub use parameters::{NamedTensor, Parameter, load_parameters, parameters, parameters_with_roles};
pub use precision::require_precision;
pub use preset::Preset;
pub use role::{
    BranchSpan, OptimizerGroup, ParameterKind, ParameterRole, Roles, TrainedTargets, WithRoles,
};
pub use skip::Skip;
pub use spec::{
    BranchSpec, ConvBlockSpec, FilterbankSpec, LayerSpec, LflbSpec, NamedLayer, NetworkSpec,
};

pub use burn;
pub use clstm_kernels::gemm::InstructionSet;
pub use clstm_kernels::{Precision, UnknownPrecision, threads};
