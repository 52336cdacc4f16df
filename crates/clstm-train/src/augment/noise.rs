//! White noise at a random ratio to the clip.

use clstm_audio::{SILENCE_FLOOR, rms};

use super::config::NoiseConfig;
use super::random::Random;

/// Adds white noise; digital silence stays silent.
pub(super) fn add(samples: &mut [f32], config: &NoiseConfig, random: &mut Random) {
    let snr_db = random.uniform(config.min_snr_db, config.max_snr_db);
    let level = rms(samples);
    if level < SILENCE_FLOOR {
        return;
    }
    let noise_rms = level * 10f64.powf(-f64::from(snr_db) / 20.0);
    let scale = noise_rms / UNIT_RMS;
    for sample in samples {
        *sample += (scale * irwin_hall(random.bits())) as f32;
    }
}

/// RMS of [`irwin_hall`]: four uniform numbers of variance (2^32 - 1) / 12 each.
const UNIT_RMS: f64 = 37_837.227;

/// An approximately normal deviate from 64 random bits: the sum of four uniform 16-bit numbers
/// (Irwin-Hall distribution), centered at 0.
///
/// It is bounded to ±3.5 standard deviations. An exact normal deviate needs a logarithm and costs
/// about ten times as much.
fn irwin_hall(bits: u64) -> f64 {
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    sum as f64 - 2.0 * 65_535.0
}
