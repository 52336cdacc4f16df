//! The hierarchical ConvLSTM network for speech emotion recognition, as Burn modules.
//!
//! Mustaqeem & Kwon, *CLSTM: Deep Feature-Based Speech Emotion Recognition Using the Hierarchical
//! ConvLSTM Network*, Mathematics 8(12), 2020. From the raw waveform's segments to class logits:
//!
//! ```text
//! segments [B, T, L] -> LFLB x 4 (ConvLSTM -> batch norm -> max pooling, with skips)
//!                    -> GFLB (stacked BiGRU or BiLSTM over the T steps)
//!                    -> mean over time -> FC: the deep feature -> FC: logits
//! ```
//!
//! Start at [`Network`]; [`Preset`] names the seven rows of the paper's Table 1.
//!
//! # Layout
//! Inside the network a tensor is `[batch, time, length, channels]`: with the channel innermost a
//! convolution's window is contiguous, which is what makes the fused layers fast.
//!
//! # Devices
//! On the CPU device the recurrent layers are single fused operations (`clstm-kernels`) with their
//! own backward passes. On every other device the same mathematics runs as a composition of tensor
//! operations; that composition is also what the fused layers are tested against. It computes in
//! `f32`: [`Precision::Bf16`] is the fused layers' alone.
//!
//! To recognise and not to learn, take an [`InferenceEngine`]: the network on the CPU without Burn, its weights
//! packed once.

mod auxiliary_head;
mod center_loss;
mod config;
mod conv_block;
mod conv_lstm;
mod device;
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
pub use center_loss::{CenterLoss, CenterLossConfig, softmax_loss};
pub use config::{
    CompressionConfig, ConvBlockConfig, FilterbankConfig, GflbConfig, LflbConfig, NetworkConfig,
    Peepholes, Reset, TemporalPooling,
};
pub use conv_block::ConvBlock;
pub use conv_lstm::{ConvLstm, ConvLstmConfig};
pub use device::{ComputeDevice, DeviceName};
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
pub use norm_pool::{NormPool, NormPoolConfig};
#[cfg(feature = "train")]
pub use optim_bridge::{gradients, update_weights};
pub use parameters::{NamedTensor, Parameter, load_parameters, parameters, parameters_with_roles};
pub use precision::Precision;
pub use preset::Preset;
pub use role::{BranchSpan, OptimizerGroup, ParameterKind, ParameterRole, Roles, WithRoles};
pub use skip::Skip;
pub use spec::{
    BranchSpec, ConvBlockSpec, FilterbankSpec, LayerSpec, LflbSpec, NamedLayer, NetworkSpec,
};

pub use burn;
pub use clstm_kernels::threads;
