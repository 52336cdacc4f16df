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
//! To recognise and not to learn, take an [`Engine`]: the network on the CPU without Burn, its weights
//! packed once.

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
#[cfg(feature = "train")]
mod learning;
mod lflb;
mod lstm;
mod network;
mod norm_pool;
mod parameters;
mod precision;
mod preset;
mod skip;
mod task_head;
mod values;

pub mod composed;

pub use center_loss::{CenterLoss, CenterLossConfig, softmax_loss};
pub use config::{
    CompressionConfig, ConvBlockConfig, FilterbankConfig, GflbConfig, LflbConfig, NetworkConfig,
    Peepholes, Reset, TimePooling,
};
pub use conv_block::ConvBlock;
pub use conv_lstm::{ConvLstm, ConvLstmConfig};
pub use device::DeviceName;
pub use dropout::Dropout;
pub use engine::{Engine, Scores};
pub use error::NetworkError;
pub use filterbank::Filterbank;
pub use gflb::Gflb;
pub use gru::{BiGru, BiGruConfig, GruDirection};
pub use head::{Attention, Head, HeadConfig, Output};
pub use init::Initializer;
#[cfg(feature = "train")]
pub use learning::{gradients, update_weights};
pub use lflb::Lflb;
pub use lstm::{BiLstm, BiLstmConfig};
pub use network::{Mode, Network};
pub use norm_pool::{NormPool, NormPoolConfig};
pub use parameters::{NamedTensor, ParameterKind, load_parameters, parameters};
pub use precision::Precision;
pub use preset::Preset;
pub use skip::Skip;
pub use task_head::{TaskHead, TaskHeadConfig};

pub use burn;
pub use clstm_kernels::threads;
