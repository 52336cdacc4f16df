//! White noise at a random ratio to the clip.

use super::config::NoiseConfig;
use super::random::Random;
use crate::level::{SILENCE_FLOOR, rms};

/// Adds white noise; digital silence stays silent.
pub(super) fn add(samples: &mut [f32], config: &NoiseConfig, random: &mut Random) {
    let snr_db = random.between(config.min_snr_db, config.max_snr_db);
    let level = rms(samples);
    if level < SILENCE_FLOOR {
        return;
    }
    let noise_rms = level * 10f64.powf(-f64::from(snr_db) / 20.0);
    let scale = noise_rms / UNIT_RMS;
    for sample in samples {
        *sample += (scale * bell(random.bits())) as f32;
    }
}

/// RMS of [`bell`]: four even numbers of variance (2^32 - 1) / 12 each.
const UNIT_RMS: f64 = 37_837.227;

/// A nearly normal number from 64 random bits: the sum of four 16-bit numbers around 0.
///
/// It reaches ±3.5 standard deviations. A true normal deviate would need a logarithm and cost ten
/// times as much, for noise that no ear or network tells apart.
fn bell(bits: u64) -> f64 {
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    sum as f64 - 2.0 * 65_535.0
}
