//! The network for inference alone: weights packed once, plain slices, no tensors of a framework.

mod block;
mod compression;
mod front;
mod gflb;
mod head;
mod tensors;

use clstm_kernels::{GROUP, threads};
use rayon::prelude::*;

use crate::{CompressionConfig, NamedTensor, NetworkConfig, NetworkError, Precision};
use block::Block;
use compression::compressed;
use front::{ConvBlock, Filterbank};
use gflb::Gflb;
use head::Head;
use tensors::Tensors;

/// A network that only recognises: [`Network::forward`](crate::Network::forward) in
/// [`Mode::Inference`](crate::Mode::Inference) on the CPU, within rounding.
///
/// A [`Network`](crate::Network) packs its weights for the products at every call, which for a single
/// utterance takes as long as the products themselves; here that is done once. Share one by reference
/// among threads.
#[derive(Debug)]
pub struct Engine {
    segment_length: usize,
    compression: Option<CompressionConfig>,
    filterbank: Option<Filterbank>,
    convolutions: Vec<ConvBlock>,
    blocks: Vec<Block>,
    /// Of the filterbank's output, or of the segments without one: steps of a segment.
    frames: usize,
    gflb: Gflb,
    head: Head,
}

/// What an [`Engine`] says of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// The deep features `[batch, features]`.
    pub features: Vec<f32>,
    /// `[batch, classes]`; the softmax of them are the probabilities.
    pub logits: Vec<f32>,
}

impl Engine {
    /// Packs the tensors of a network, as [`parameters`](crate::parameters()) gives them, for
    /// recurrent layers that multiply in `precision`.
    ///
    /// # Errors
    /// If the configuration makes no network, or a tensor is missing, unknown, of another shape, or
    /// holds a value that is not finite.
    pub fn new(
        config: &NetworkConfig,
        tensors: &[NamedTensor],
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        config.validate()?;
        let mut tensors = Tensors::new(tensors);
        let filterbank = config.filterbank;
        let filterbank =
            filterbank.map(|bank| Filterbank::new(config, bank, &mut tensors)).transpose()?;
        let convolutions = (0..config.convolutions.len())
            .map(|index| ConvBlock::new(config, index, &mut tensors, precision))
            .collect::<Result<_, _>>()?;
        let blocks = (0..config.blocks.len())
            .map(|index| Block::new(config, index, &mut tensors, precision))
            .collect::<Result<_, _>>()?;
        let (length, filters) = config.block_input(config.blocks.len());
        let gflb = Gflb::new(&config.gflb, length * filters, &mut tensors, precision)?;
        let head = Head::new(config, gflb.output(), &mut tensors)?;
        tensors.finish()?;
        let frames = config.convolution_steps(0, 1);
        let segment_length = config.segment_length;
        let compression = config.compression;
        Ok(Self {
            segment_length,
            compression,
            filterbank,
            convolutions,
            blocks,
            frames,
            gflb,
            head,
        })
    }

    /// Runs over `segments` `[batch, time, length]`, row-major.
    ///
    /// Utterances are shared among the threads of the current Rayon pool. An utterance's scores are
    /// the same, to the last bit, alone and among others, and on any number of threads.
    ///
    /// # Panics
    /// If batch or time is 0, or `segments` does not have that many segments of the network's length.
    #[must_use]
    pub fn run(&self, segments: &[f32], shape: [usize; 2]) -> Scores {
        let mut scores = Scores::default();
        self.run_into(segments, shape, &mut scores);
        scores
    }

    /// [`run`](Self::run) into scores that are there already, whatever they were.
    ///
    /// Where one thread does it all ([`threads::alone`], or a pool of one thread), a call allocates
    /// nothing once memory for its sizes, or larger ones, waits in the pool of [`clstm_kernels::Buffer`].
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn run_into(&self, segments: &[f32], [batch, time]: [usize; 2], scores: &mut Scores) {
        let utterance = time * self.segment_length;
        assert!(batch > 0 && time > 0, "an engine runs over at least one segment");
        assert_eq!(segments.len(), batch * utterance, "segments are [batch, time, length]");
        let (f, c) = (self.head.features(), self.head.classes());
        scores.features.resize(batch * f, 0.0);
        scores.logits.resize(batch * c, 0.0);
        let part = utterances_at_once(batch, threads::count());
        let inputs = segments.par_chunks(part * utterance);
        let outputs =
            scores.features.par_chunks_mut(part * f).zip(scores.logits.par_chunks_mut(part * c));
        threads::for_each(inputs.zip(outputs), |(segments, (features, logits))| {
            self.run_part(segments, time, features, logits);
        });
    }

    /// [`Engine::run`] for a part of the batch, through all layers.
    fn run_part(&self, segments: &[f32], time: usize, features: &mut [f32], logits: &mut [f32]) {
        let batch = segments.len() / (time * self.segment_length);
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

/// Utterances of a part, so that there are as many parts as threads, or a multiple of that where a
/// part would be larger than a group of the kernels.
fn utterances_at_once(batch: usize, threads: usize) -> usize {
    let rounds = batch.div_ceil(threads * GROUP);
    batch.div_ceil(rounds * threads)
}
