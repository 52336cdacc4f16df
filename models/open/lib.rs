//! The model `open` of `clstm` as bytes. Its card is the README of this crate.

#![no_std]
#![forbid(unsafe_code)]

/// The model file, for `clstm::Model::from_bytes`.
pub const MODEL: &[u8] = include_bytes!("open.safetensors");
