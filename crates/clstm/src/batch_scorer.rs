//! Clips through the network, several at a time, in memory that is used again.

use std::borrow::Borrow;

use clstm_nn::EngineOutput;

use crate::backend::Backend;
use crate::limits::batch_size;
use crate::{Clip, ModelInfo, Window};

/// What a network says of some clips, and the memory that it takes to say it.
#[derive(Debug, Default)]
pub(crate) struct BatchScorer {
    /// Means over the spans of each clip, `[clips, features]`.
    pub(crate) features: Vec<f64>,
    /// Likewise, `[clips, classes]`.
    pub(crate) logits: Vec<f64>,
    /// All spans, and which clip they are of; those of one length next to each other.
    order: Vec<(usize, Window)>,
    /// Spans of each clip.
    counts: Vec<usize>,
    batch: Vec<f32>,
    scores: EngineOutput,
}

impl BatchScorer {
    /// Scores `clips`. A clip's scores are the same, to the last bit, alone and among others.
    pub(crate) fn run<C: Borrow<Clip>>(
        &mut self,
        info: &ModelInfo,
        compute: &Backend,
        clips: &[C],
    ) {
        let ModelInfo { frontend, network, .. } = info;
        let (f, c) = (network.deep_feature(), network.classes);
        for (sums, width) in [(&mut self.features, f), (&mut self.logits, c)] {
            sums.clear();
            sums.resize(clips.len() * width, 0.0);
        }
        self.order.clear();
        self.counts.clear();
        for (index, clip) in clips.iter().enumerate() {
            let before = self.order.len();
            self.order.extend(frontend.each_window(clip.borrow()).map(|span| (index, span)));
            self.counts.push(self.order.len() - before);
        }
        // Spans of one length can share a batch; those of a clip stay in their order.
        self.order.sort_unstable_by_key(|(clip, span)| {
            (span.steps, *clip, span.start, span.offset, span.inverted)
        });
        for same in self.order.chunk_by(|(_, a), (_, b)| a.steps == b.steps) {
            let steps = same[0].1.steps;
            for spans in same.chunks(batch_size(network, steps)) {
                self.batch.clear();
                for (clip, span) in spans {
                    frontend.append_window(clips[*clip].borrow(), span, &mut self.batch);
                }
                compute.scores(&self.batch, [spans.len(), steps], &mut self.scores);
                let features = self.scores.features.chunks_exact(f);
                let rows = features.zip(self.scores.logits.chunks_exact(c));
                for ((clip, _), (features, logits)) in spans.iter().zip(rows) {
                    add(&mut self.features[clip * f..][..f], features);
                    add(&mut self.logits[clip * c..][..c], logits);
                }
            }
        }
        for (sums, width) in [(&mut self.features, f), (&mut self.logits, c)] {
            for (sums, count) in sums.chunks_exact_mut(width).zip(&self.counts) {
                sums.iter_mut().for_each(|sum| *sum /= *count as f64);
            }
        }
    }
}

/// Adds numbers to sums.
fn add(sums: &mut [f64], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
}
