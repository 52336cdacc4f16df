//! Hard clipping (clipping distortion): an overdriven microphone or analogue-to-digital converter.

use super::config::ClippingConfig;
use super::random::Random;

/// Limits `samples` to a random level below their peak, in place. Digital silence stays silent.
///
/// The level is a factor of the peak and uniform in dB. Harmonics above half the sample rate are aliased, as they are
/// when a converter clips.
pub(super) fn clip_peaks(samples: &mut [f32], config: &ClippingConfig, random: &mut Random) {
    let level = config.min_level.powf(random.unit());
    let peak = samples.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    let limit = level * peak;
    samples.iter_mut().for_each(|x| *x = x.clamp(-limit, limit));
}

#[cfg(test)]
mod tests {
    use super::super::random::Effect;
    use super::*;

    /// The remaining peak of a sine with amplitude 0.5, relative to its original peak.
    fn level(min_level: f32, seed: u64) -> f32 {
        let mut samples: Vec<f32> = (0..1000).map(|n| 0.5 * (0.1 * n as f32).sin()).collect();
        let peak = |samples: &[f32]| samples.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        let before = peak(&samples);
        let config = ClippingConfig { prob: 1.0, min_level };
        clip_peaks(&mut samples, &config, &mut Random::new(seed, Effect::Clipping));
        peak(&samples) / before
    }

    #[test]
    fn levels_are_uniform_in_db_from_the_lowest_to_the_peak() {
        let levels: Vec<f32> = (0..400).map(|seed| level(0.01, seed)).collect();
        assert!(levels.iter().all(|level| (0.01..=1.0).contains(level)));
        // The middle of 0 to -40 dB is a level of 0.1. Bounds of five standard deviations.
        let low = levels.iter().filter(|level| **level < 0.1).count();
        assert!((150..=250).contains(&low), "{low} of 400 are below -20 dB");
        assert!(levels.iter().any(|level| *level < 0.012));
        assert!(levels.iter().any(|level| *level > 0.9));
    }

    #[test]
    fn a_lowest_level_of_1_changes_nothing() {
        assert!((0..10).all(|seed| level(1.0, seed) == 1.0));
    }
}
