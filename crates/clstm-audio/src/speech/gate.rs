//! Speech or other sound: a small neural network on a summary of the last second.

use super::RATE;
use super::context::{Context, SUMMARY};
use super::gate_weights::{
    HIDDEN, HIDDEN_BIAS, HIDDEN_WEIGHTS, MEAN, OUTPUT_BIAS, OUTPUT_WEIGHTS, SCALE,
};
use super::spectrum::{FFT, FrameAnalyzer};

/// Standard deviations from the mean at which a value is clipped, so that an unusual one does not decide alone.
const CLIP: f32 = 4.0;

/// The network's output, before the logistic function, from which sound is speech. `bench/speech-gate` chooses it on speakers and
/// sounds apart from those of the fit and of the figures: at most 1% of the sounds without speech get a label.
const THRESHOLD: f32 = 1.4;

/// Judges each 64 ms of audio at 16 kHz by the second that ends with them. Does not allocate once it is made.
///
/// ```
/// use clstm_audio::SpeechGate;
///
/// let mut gate = SpeechGate::new();
/// gate.push(&[0.0; SpeechGate::BLOCK]);
/// assert!(!gate.is_speech());
/// ```
pub struct SpeechGate {
    analyzer: FrameAnalyzer,
    context: Context,
}

impl SpeechGate {
    /// Samples that are judged together.
    pub const BLOCK: usize = 2 * FFT;
    /// Sample rate of the audio, in Hz.
    pub const RATE: u32 = RATE;

    /// A gate before the first sample.
    #[must_use]
    pub fn new() -> Self {
        Self { analyzer: FrameAnalyzer::new(), context: Context::new() }
    }

    /// Prepares for other audio.
    pub fn reset(&mut self) {
        self.context.reset();
    }

    /// Adds a block, of which an incomplete frame at the end is ignored.
    pub fn push(&mut self, block: &[f32]) {
        for frame in block.as_chunks::<FFT>().0 {
            self.context.push(self.analyzer.analyze(frame));
        }
    }

    /// Whether the last second is speech; a silent one is not.
    ///
    /// The network has one hidden layer with `tanh` and a logistic output. `bench/speech-gate` fits it on synthetic sound
    /// without speech and on recorded speech with and without noise; `docs/speech.md` has the figures. It does not depend
    /// on the emotion model.
    #[must_use]
    pub fn is_speech(&self) -> bool {
        self.context.summary().is_some_and(|summary| logit(&summary) > THRESHOLD)
    }

    /// Whether the latest block is louder than a pause.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.context.is_active()
    }
}

impl Default for SpeechGate {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for SpeechGate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechGate").finish_non_exhaustive()
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
