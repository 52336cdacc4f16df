//! One branch of the network, all of it where there are no others.

use super::block::Block;
use super::compression::compressed;
use super::front::{ConvBlock, Filterbank};
use super::gflb::Gflb;
use super::head::Head;
use crate::tensors::Tensors;
use crate::{CompressionConfig, NetworkConfig, NetworkError, Precision};

/// From the segments of a waveform to class logits.
#[derive(Debug)]
pub(super) struct Branch {
    compression: Option<CompressionConfig>,
    filterbank: Option<Filterbank>,
    convolutions: Vec<ConvBlock>,
    blocks: Vec<Block>,
    /// Of the filterbank's output, or of the segments without one: steps of a segment.
    frames: usize,
    gflb: Gflb,
    head: Head,
}

impl Branch {
    /// Packs a branch's own tensors; `config` has been checked.
    pub(super) fn new(
        config: &NetworkConfig,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let filterbank = config.filterbank;
        let filterbank =
            filterbank.map(|bank| Filterbank::new(config, bank, tensors)).transpose()?;
        let convolutions = (0..config.convolutions.len())
            .map(|index| ConvBlock::new(config, index, tensors, precision))
            .collect::<Result<_, _>>()?;
        let blocks = (0..config.blocks.len())
            .map(|index| Block::new(config, index, tensors, precision))
            .collect::<Result<_, _>>()?;
        let (length, filters) = config.block_input(config.blocks.len());
        let gflb = Gflb::new(&config.gflb, length * filters, tensors, precision)?;
        let head = Head::new(config, gflb.output(), tensors)?;
        let (compression, frames) = (config.compression, config.convolution_steps(0, 1));
        Ok(Self { compression, filterbank, convolutions, blocks, frames, gflb, head })
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
        [batch, time]: [usize; 2],
        segments: &[f32],
        features: &mut [f32],
        logits: &mut [f32],
    ) {
        let waveform = self.compression.map(|config| compressed(config, batch, segments));
        let segments = waveform.as_deref().unwrap_or(segments);
        let mut local = self.filterbank.as_ref().map(|bank| bank.forward(batch, segments));
        let mut time = time * self.frames;
        for block in &self.convolutions {
            let (y, steps) = block.forward(batch, time, local.as_deref().unwrap_or(segments));
            (local, time) = (Some(y), steps);
        }
        for block in &self.blocks {
            local = Some(block.forward(batch, time, local.as_deref().unwrap_or(segments)));
        }
        let global = self.gflb.forward(batch, time, local.as_deref().unwrap_or(segments));
        let steps = global.as_deref().or(local.as_deref()).unwrap_or(segments);
        self.head.forward(batch, time, steps, features, logits);
    }
}
