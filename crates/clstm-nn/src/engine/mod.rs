//! The network for inference: weights packed once, plain slices, no tensors of a framework in the forward pass.

mod branch;
mod compression;
mod conv_block;
mod conv_lstm;
mod filterbank;
mod gru;
mod head;
mod layer;
mod lflb;
mod lstm;

use clstm_kernels::{Buffer, UTTERANCE_BLOCK, threads};
use rayon::prelude::*;

use crate::tensors::Tensors;
use crate::{NamedTensor, NetworkConfig, NetworkError, NetworkSpec, Precision};
use branch::Branch;
use head::Linear;

/// A network for inference on the CPU: [`Network::forward`](crate::Network::forward) in
/// [`Mode::Inference`](crate::Mode::Inference), within rounding.
///
/// A [`Network`](crate::Network) packs its weights for the products at every call, which for a single
/// utterance takes as long as the products themselves; here that is done once. Share one by reference
/// among threads.
#[derive(Debug)]
pub struct InferenceEngine {
    segment_length: usize,
    /// The network's own first.
    branches: Vec<Branch>,
    /// From the deep features of all branches to continuous targets.
    dimension_head: Option<Linear>,
}

/// Deep features, logits and dimensions of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EngineOutput {
    /// The deep features `[batch, features]`.
    pub features: Vec<f32>,
    /// `[batch, classes]`; the softmax of them are the probabilities.
    pub logits: Vec<f32>,
    /// Continuous targets `[batch, dimensions]`, in units of their deviation; see [`DimensionHead`](crate::DimensionHead).
    pub dimensions: Vec<f32>,
}

impl InferenceEngine {
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
        let spec = NetworkSpec::new(config)?;
        let mut tensors = Tensors::new(tensors);
        let mut branches = Vec::with_capacity(spec.branches.len());
        let shape = [config.deep_feature(), config.dimensions];
        let dimension_head = match config.dimensions {
            0 => None,
            _ => Some(Linear::new("dimension_head.", shape, &mut tensors)?),
        };
        for (i, branch) in spec.branches.iter().enumerate() {
            if let Some(further) = i.checked_sub(1) {
                tensors.set_prefix(format!("branches.{further}."));
            }
            branches.push(Branch::new(branch, &mut tensors, precision)?);
        }
        tensors.finish()?;
        Ok(Self { segment_length: spec.segment_length, branches, dimension_head })
    }

    /// Runs over `segments` `[batch, time, length]`, row-major.
    ///
    /// Utterances are distributed over the threads of the current Rayon pool, and where there are more threads than utterances,
    /// their branches. An utterance's output is
    /// the same to the last bit, alone and among others, and on any number of threads.
    ///
    /// # Panics
    /// If batch or time is 0, or `segments` does not have that many segments of the network's length.
    #[must_use]
    pub fn run(&self, segments: &[f32], shape: [usize; 2]) -> EngineOutput {
        let mut scores = EngineOutput::default();
        self.run_into(segments, shape, &mut scores);
        scores
    }

    /// [`run`](Self::run) into an existing output, whatever its size was.
    ///
    /// Where one thread does it all ([`threads::single_threaded`], or a pool of one thread), a call allocates
    /// nothing once memory for its sizes, or larger ones, waits in the pool of [`clstm_kernels::Buffer`].
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn run_into(&self, segments: &[f32], [batch, time]: [usize; 2], scores: &mut EngineOutput) {
        let utterance = time * self.segment_length;
        assert!(batch > 0 && time > 0, "an engine runs over at least one segment");
        assert_eq!(segments.len(), batch * utterance, "segments are [batch, time, length]");
        let (f, c) = (self.features(), self.branches[0].classes());
        scores.features.resize(batch * f, 0.0);
        scores.logits.resize(batch * c, 0.0);
        let part = utterances_at_once(batch, threads::count());
        let inputs = segments.par_chunks(part * utterance);
        let outputs =
            scores.features.par_chunks_mut(part * f).zip(scores.logits.par_chunks_mut(part * c));
        // Where the batch has fewer parts than there are threads, the others take branches.
        let side_by_side = batch.div_ceil(part) < threads::count();
        threads::for_each(inputs.zip(outputs), |(segments, (features, logits))| {
            self.run_part(segments, time, features, logits, side_by_side);
        });
        scores.dimensions.clear();
        if let Some(head) = &self.dimension_head {
            scores.dimensions.resize(batch * head.outputs(), 0.0);
            head.forward(batch, &scores.features, &mut scores.dimensions);
        }
    }

    /// Size of the deep feature of all branches.
    fn features(&self) -> usize {
        self.branches.iter().map(Branch::features).sum()
    }

    /// [`InferenceEngine::run`] for a part of the batch, through all layers; the branches on different threads if
    /// `side_by_side`.
    fn run_part(
        &self,
        segments: &[f32],
        time: usize,
        features: &mut [f32],
        logits: &mut [f32],
        side_by_side: bool,
    ) {
        let shape @ [batch, _] = [segments.len() / (time * self.segment_length), time];
        if let [alone] = &self.branches[..] {
            return alone.forward(shape, segments, features, logits);
        }
        let width = self.features();
        let share = 1.0 / self.branches.len() as f32;
        let classes = logits.len();
        let run = |branch: &Branch| {
            let mut own = Buffer::recycled(batch * branch.features());
            let mut own_logits = Buffer::recycled(classes);
            branch.forward(shape, segments, &mut own, &mut own_logits);
            (own, own_logits)
        };
        let mut at = 0;
        logits.fill(0.0);
        // In the order of the branches, on any number of threads.
        let mut add = |branch: &Branch, (own, own_logits): (Buffer, Buffer)| {
            let rows = own.chunks_exact(branch.features()).zip(features.chunks_exact_mut(width));
            rows.for_each(|(own, row)| row[at..][..own.len()].copy_from_slice(own));
            at += branch.features();
            logits.iter_mut().zip(&*own_logits).for_each(|(mean, own)| *mean += share * own);
        };
        if side_by_side {
            let outputs: Vec<_> = self.branches.par_iter().map(run).collect();
            self.branches.iter().zip(outputs).for_each(|(branch, output)| add(branch, output));
        } else {
            self.branches.iter().for_each(|branch| add(branch, run(branch)));
        }
    }
}

/// Utterances of a part, so that there are as many parts as threads, or a multiple of that where a
/// part would be larger than a group of the kernels.
fn utterances_at_once(batch: usize, threads: usize) -> usize {
    let rounds = batch.div_ceil(threads * UTTERANCE_BLOCK);
    batch.div_ceil(rounds * threads)
}
