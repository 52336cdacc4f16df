//! One branch of the network.

use clstm_kernels::Buffer;

use super::compression::Compression;
use super::conv_block::ConvBlock;
use super::filterbank::Filterbank;
use super::gru::BiGru;
use super::head::Head;
use super::layer::Layer;
use super::lflb::Lflb;
use super::lstm::BiLstm;
use crate::tensors::Tensors;
use crate::{BranchSpec, LayerSpec, NamedLayer, NetworkError, Precision};

/// From the time steps of a waveform to class logits.
#[derive(Debug)]
pub(super) struct Branch {
    /// First to last.
    layers: Vec<Box<dyn Layer>>,
    head: Head,
}

impl Branch {
    /// Packs a branch's tensors.
    pub(super) fn new(
        spec: &BranchSpec,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let mut layers: Vec<Box<dyn Layer>> = Vec::with_capacity(spec.layers.len());
        let mut head = None;
        for NamedLayer { path, spec } in &spec.layers {
            match spec {
                LayerSpec::Compression(config) => layers.push(Box::new(Compression(*config))),
                LayerSpec::Filterbank(spec) => {
                    layers.push(Box::new(Filterbank::new(path, spec, tensors)?));
                }
                LayerSpec::ConvBlock(spec) => {
                    layers.push(Box::new(ConvBlock::new(path, spec, tensors, precision)?));
                }
                LayerSpec::Lflb(spec) => {
                    layers.push(Box::new(Lflb::new(path, spec, tensors, precision)?));
                }
                LayerSpec::BiGru(config) => {
                    layers.push(Box::new(BiGru::new(path, config, tensors, precision)?));
                }
                LayerSpec::BiLstm(config) => {
                    layers.push(Box::new(BiLstm::new(path, config, tensors, precision)?));
                }
                LayerSpec::Head(config) => head = Some(Head::new(path, config, tensors)?),
            }
        }
        Ok(Self { layers, head: head.expect("a branch ends in a head") })
    }

    /// Size of the deep feature.
    pub(super) fn features(&self) -> usize {
        self.head.features()
    }

    pub(super) fn classes(&self) -> usize {
        self.head.classes()
    }

    /// From `segments` `[batch, time, length]` to `features` `[batch, features]` and `logits`
    /// `[batch, classes]`.
    pub(super) fn forward(
        &self,
        [batch, mut time]: [usize; 2],
        segments: &[f32],
        features: &mut [f32],
        logits: &mut [f32],
    ) {
        let mut x: Option<Buffer> = None;
        for layer in &self.layers {
            let (y, steps) = layer.forward(batch, time, x.as_deref().unwrap_or(segments));
            (x, time) = (Some(y), steps);
        }
        self.head.forward(batch, time, x.as_deref().unwrap_or(segments), features, logits);
    }
}
