//! Batched inference of clips.

use std::borrow::Borrow;

use clstm_nn::EngineOutput;

use crate::backend::Backend;
use crate::limits::batch_size;
use crate::{Clip, ModelInfo, Window};

/// Batched inference with buffers that are reused.
#[derive(Debug, Default)]
pub(crate) struct BatchScorer {
    /// Deep features: means over the windows of each clip, `[clips, features]`.
    pub(crate) features: Vec<f64>,
    /// Logits: means over the windows of each clip, `[clips, classes]`.
    pub(crate) logits: Vec<f64>,
    /// Outputs of the dimensions: means over the windows of each clip, `[clips, dimensions]`.
    pub(crate) dimensions: Vec<f64>,
    /// All windows with the index of their clip, sorted by length.
    order: Vec<(usize, Window)>,
    /// Windows of each clip.
    counts: Vec<usize>,
    batch: Vec<f32>,
    scores: EngineOutput,
}

impl BatchScorer {
    /// Replaces the features and logits by those of `clips`, each bit-identical to those of the clip alone.
    pub(crate) fn run<C: Borrow<Clip>>(
        &mut self,
        info: &ModelInfo,
        compute: &Backend,
        clips: &[C],
    ) {
        let ModelInfo { frontend, network, .. } = info;
        let (f, c, d) = (network.deep_feature(), network.classes, network.dimensions);
        let sums = [(&mut self.features, f), (&mut self.logits, c), (&mut self.dimensions, d)];
        for (sums, width) in sums {
            sums.clear();
            sums.resize(clips.len() * width, 0.0);
        }
        self.order.clear();
        self.counts.clear();
        for (index, clip) in clips.iter().enumerate() {
            let before = self.order.len();
            self.order.extend(frontend.each_window(clip.borrow()).map(|window| (index, window)));
            self.counts.push(self.order.len() - before);
        }
        // Windows of one length can share a batch; those of a clip keep their order.
        self.order.sort_unstable_by_key(|(clip, window)| {
            (window.steps, *clip, window.start, window.offset, window.inverted)
        });
        for same in self.order.chunk_by(|(_, a), (_, b)| a.steps == b.steps) {
            let steps = same[0].1.steps;
            for windows in same.chunks(batch_size(network, steps)) {
                self.batch.clear();
                for (clip, window) in windows {
                    frontend.append_window(clips[*clip].borrow(), window, &mut self.batch);
                }
                compute.scores(&self.batch, [windows.len(), steps], &mut self.scores);
                let features = self.scores.features.chunks_exact(f);
                let rows = features.zip(self.scores.logits.chunks_exact(c));
                for ((clip, _), (features, logits)) in windows.iter().zip(rows) {
                    add(&mut self.features[clip * f..][..f], features);
                    add(&mut self.logits[clip * c..][..c], logits);
                }
                let rows = self.scores.dimensions.chunks_exact(d.max(1));
                for ((clip, _), dimensions) in windows.iter().zip(rows) {
                    add(&mut self.dimensions[clip * d..][..d], dimensions);
                }
            }
        }
        let sums = [(&mut self.features, f), (&mut self.logits, c), (&mut self.dimensions, d)];
        for (sums, width) in sums {
            for (sums, count) in sums.chunks_exact_mut(width.max(1)).zip(&self.counts) {
                sums.iter_mut().for_each(|sum| *sum /= *count as f64);
            }
        }
    }
}

/// Adds values to sums.
fn add(sums: &mut [f64], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
}
