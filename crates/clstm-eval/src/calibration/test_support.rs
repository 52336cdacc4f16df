//! Samples for the tests of this module.

use clstm::ProbabilityCalibration;

use crate::Prediction;

/// Uniform in [0, 1) (SplitMix64, Steele et al. 2014).
pub(super) fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Logits of the given spread, and a class drawn with their probabilities.
pub(super) fn draw(state: &mut u64, classes: usize, scale: f64) -> (Vec<f64>, usize) {
    let z: Vec<f64> = (0..classes).map(|_| scale * 4.0 * (uniform(state) - 0.5)).collect();
    let p = clstm::softmax(&z, 1.0);
    let mut left = uniform(state);
    let class = p.iter().position(|p| {
        left -= p;
        left < 0.0
    });
    (z, class.unwrap_or(classes - 1))
}

/// A prediction with these logits.
pub(super) fn prediction(logits: Vec<f64>, truth: usize) -> Prediction {
    Prediction::new(String::new(), truth, logits, &ProbabilityCalibration::default())
}

/// A prediction of the first of two classes with this confidence.
pub(super) fn sure(confidence: f64, right: bool) -> Prediction {
    let logits = vec![(confidence / (1.0 - confidence)).ln(), 0.0];
    Prediction {
        probabilities: vec![confidence, 1.0 - confidence],
        ..prediction(logits, usize::from(!right))
    }
}
