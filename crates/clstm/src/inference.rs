//! From a clip to logits and probabilities.

use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{Mode, Network};

use crate::{Clip, FrontendConfig, ProbabilityCalibration};

/// The network's logits for a clip, the mean over its spans; not yet divided by a temperature.
///
/// For a network on any device, as training has it. A [`Recognizer`](crate::Recognizer) gives the same
/// but for rounding, and faster.
///
/// `device` is the one that the network is on.
///
/// # Panics
/// If the front end's segments are not of the network's length, which
/// [`ModelInfo::validate`](crate::ModelInfo::validate) refuses.
#[must_use]
pub fn logits(
    network: &Network,
    frontend: &FrontendConfig,
    clip: &Clip,
    device: &Device,
) -> Vec<f64> {
    let spans = frontend.windows(clip);
    let mut sum: Vec<f64> = Vec::new();
    for span in &spans {
        let mut segments = Vec::new();
        frontend.write_window(clip, span, &mut segments);
        let shape = [1, span.steps, frontend.segment_length];
        let input = Tensor::<3>::from_data(TensorData::new(segments, shape), device);
        let output = network.forward(input, Mode::Inference).logits.into_data();
        sum.resize(output.num_elements(), 0.0);
        for (sum, logit) in sum.iter_mut().zip(output.iter::<f32>()) {
            *sum += f64::from(logit);
        }
    }
    sum.iter().map(|sum| sum / spans.len() as f64).collect()
}

/// Probabilities of logits at a temperature: 1 leaves them, more makes the answer less sure.
///
/// Not a number where a logit is none; empty for no logits.
#[must_use]
pub fn softmax(logits: &[f64], temperature: f32) -> Vec<f64> {
    ProbabilityCalibration::of_temperature(f64::from(temperature)).probabilities(logits)
}
