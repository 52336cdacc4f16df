//! Speech or other sound: a small neural network on a summary of the last second.

use super::context::{Context, SUMMARY};
use super::gate_weights::{
    HIDDEN, HIDDEN_BIAS, HIDDEN_WEIGHTS, MEAN, OUTPUT_BIAS, OUTPUT_WEIGHTS, SCALE,
};
use super::spectrum::{FFT, FrameAnalyzer};

/// Standard deviations from the mean at which a value is clipped, so that an unusual one does not decide alone.
const CLIP: f32 = 4.0;

/// The network's output, before the logistic function, from which sound is speech: a probability of 0.67. It balances
/// music that passes against speech in noise that does not.
const THRESHOLD: f32 = 0.7;

/// Judges each 64 ms of audio at 16 kHz by the second that ends with them. Does not allocate once it is made.
pub(super) struct SpeechGate {
    analyzer: FrameAnalyzer,
    context: Context,
}

impl SpeechGate {
    /// Samples that are judged together.
    pub(super) const BLOCK: usize = 2 * FFT;

    pub(super) fn new() -> Self {
        Self { analyzer: FrameAnalyzer::new(), context: Context::new() }
    }

    /// Prepares for other audio.
    pub(super) fn reset(&mut self) {
        self.context.reset();
    }

    /// Adds a block, of which an incomplete frame at the end is ignored.
    pub(super) fn push(&mut self, block: &[f32]) {
        for frame in block.as_chunks::<FFT>().0 {
            self.context.push(self.analyzer.analyze(frame));
        }
    }

    /// Whether the last second is speech; a silent one is not.
    ///
    /// The network has one hidden layer with `tanh` and a logistic output. `bench/speech-gate` fits it on synthetic sound
    /// without speech and on recorded speech with and without noise; `docs/speech.md` has the figures. It does not depend
    /// on the emotion model.
    pub(super) fn is_speech(&self) -> bool {
        self.context.summary().is_some_and(|summary| logit(&summary) > THRESHOLD)
    }

    /// Whether the latest block is louder than a pause.
    pub(super) fn is_active(&self) -> bool {
        self.context.is_active()
    }
}

/// The network's output, before the logistic function.
fn logit(summary: &[f32; SUMMARY]) -> f32 {
    let mut hidden: [f32; HIDDEN] = HIDDEN_BIAS;
    let inputs = summary.iter().zip(MEAN.iter().zip(&SCALE)).zip(&HIDDEN_WEIGHTS);
    for ((value, (mean, scale)), weights) in inputs {
        let value = ((value - mean) * scale).clamp(-CLIP, CLIP);
        hidden.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
    }
    let output = hidden.iter().zip(&OUTPUT_WEIGHTS).map(|(sum, weight)| sum.tanh() * weight);
    OUTPUT_BIAS + output.sum::<f32>()
}
