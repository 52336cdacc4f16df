//! White or tilted noise at a random ratio to the clip.

use clstm_audio::{SILENCE_FLOOR, rms};

use super::config::NoiseConfig;
use super::random::Random;

/// Adds noise; digital silence stays silent. `tilt` is the pole of a first-order low pass over the noise, 0 for white
/// noise.
pub(super) fn add(samples: &mut [f32], config: &NoiseConfig, tilt: f64, random: &mut Random) {
    let snr_db = random.uniform(config.min_snr_db, config.max_snr_db);
    let level = rms(samples);
    if level < SILENCE_FLOOR {
        return;
    }
    let noise_rms = level * 10f64.powf(-f64::from(snr_db) / 20.0);
    // The low pass changes the variance of white noise by 1 / (1 - tilt^2).
    let scale = noise_rms / UNIT_RMS * (1.0 - tilt * tilt).sqrt();
    let mut state = 0.0;
    for sample in samples {
        state = tilt * state + irwin_hall(random.bits());
        *sample += (scale * state) as f32;
    }
}

/// Draws the tilt of a clip's noise: white, or a pole between 0.5 (a gentle slope) and 0.99 (nearly brown).
pub(super) fn draw_tilt(config: &NoiseConfig, random: &mut Random) -> f64 {
    match random.bernoulli(config.tilt_prob) {
        true => f64::from(1.0 - 0.5 * 0.02f32.powf(random.unit())),
        false => 0.0,
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

#[cfg(test)]
mod tests {
    use super::super::random::Effect;
    use super::*;

    #[test]
    fn tilted_noise_has_the_ratio_of_white_noise_and_less_treble() {
        let config = NoiseConfig { prob: 1.0, min_snr_db: 6.0, max_snr_db: 6.0, tilt_prob: 0.0 };
        let tone = |n: usize| (0.3 * n as f32).sin();
        let noise_of = |tilt: f64| -> Vec<f32> {
            let mut samples: Vec<f32> = (0..64_000).map(tone).collect();
            add(&mut samples, &config, tilt, &mut Random::new(1, Effect::Noise));
            samples.iter().enumerate().map(|(n, x)| x - tone(n)).collect()
        };
        let treble = |noise: &[f32]| {
            let steps: Vec<f32> = noise.windows(2).map(|w| w[1] - w[0]).collect();
            rms(&steps) / rms(noise)
        };
        let (white, tilted) = (noise_of(0.0), noise_of(0.95));
        for noise in [&white, &tilted] {
            let snr_db = 20.0 * (0.5f64.sqrt() / rms(noise)).log10();
            assert!((snr_db - 6.0).abs() < 0.5, "{snr_db} dB");
        }
        assert!((treble(&white) - 2f64.sqrt()).abs() < 0.02);
        assert!((treble(&tilted) - 0.1f64.sqrt()).abs() < 0.02);
    }

    #[test]
    fn the_tilt_is_drawn_within_its_range() {
        let config = NoiseConfig { tilt_prob: 0.5, ..NoiseConfig::default() };
        let draws: Vec<f64> = (0..400)
            .map(|seed| draw_tilt(&config, &mut Random::new(seed, Effect::NoiseTilt)))
            .collect();
        let white = draws.iter().filter(|tilt| **tilt == 0.0).count();
        assert!((150..250).contains(&white), "{white} of 400 are white");
        assert!(draws.iter().all(|tilt| *tilt == 0.0 || (0.5..=0.991).contains(tilt)));
    }
}
