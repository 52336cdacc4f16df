//! Random FIR filter (spectral colouring), band-pass filter and steep low pass.

use super::config::BandwidthConfig;
use super::random::Random;

/// Taps of the random filter: under a millisecond at 16 kHz, which changes the spectrum without an
/// audible echo.
const TAPS: usize = 9;

/// Filters `samples` in place by 9 random taps; `scratch` keeps its capacity.
///
/// The taps have unit energy: white input keeps its level.
pub(super) fn random_fir(
    samples: &mut [f32],
    strength: f32,
    random: &mut Random,
    scratch: &mut Vec<f32>,
) {
    let mut taps = [0.0f32; TAPS];
    for tap in &mut taps {
        *tap = strength * random.uniform(-1.0, 1.0);
    }
    taps[TAPS / 2] = 1.0;
    let energy: f32 = taps.iter().map(|tap| tap * tap).sum();
    for tap in &mut taps {
        *tap /= energy.sqrt();
    }

    convolve(samples, &taps, scratch);
}

/// Filters `samples` in place by an odd number of taps around the current sample; outside the clip is silence.
fn convolve(samples: &mut [f32], taps: &[f32], scratch: &mut Vec<f32>) {
    scratch.clear();
    scratch.resize(taps.len() / 2, 0.0);
    scratch.extend_from_slice(samples);
    scratch.resize(samples.len() + taps.len() - 1, 0.0);
    samples.fill(0.0);
    // Tap by tap over the whole clip: each pass is one multiply-add per sample, vectorised.
    for (k, tap) in taps.iter().enumerate() {
        for (y, x) in samples.iter_mut().zip(&scratch[k..]) {
            *y += tap * x;
        }
    }
}

/// Taps on each side of the centre of [`low_pass`]: a transition of about 500 Hz at 16 kHz.
const LOW_PASS_REACH: usize = 50;

/// A steep low pass at a random edge, in place: a linear-phase FIR (sinc under a Hann window) without delay.
/// `scratch` keeps its capacity.
pub(super) fn low_pass(
    samples: &mut [f32],
    config: &BandwidthConfig,
    sample_rate: u32,
    random: &mut Random,
    scratch: &mut Vec<f32>,
) {
    let edge_hz = config.min_hz * (config.max_hz / config.min_hz).powf(random.unit());
    convolve(samples, &sinc_taps(edge_hz / sample_rate as f32), scratch);
}

/// Taps of a low pass at `edge` cycles per sample, with a gain of 1 at 0 Hz.
fn sinc_taps(edge: f32) -> [f32; 2 * LOW_PASS_REACH + 1] {
    let mut taps = [0.0f32; 2 * LOW_PASS_REACH + 1];
    for (k, tap) in taps.iter_mut().enumerate() {
        let n = k as f32 - LOW_PASS_REACH as f32;
        let turns = std::f32::consts::TAU * edge * n;
        let sinc = if n == 0.0 { 1.0 } else { turns.sin() / turns };
        let hann = (std::f32::consts::FRAC_PI_2 * n / (LOW_PASS_REACH + 1) as f32).cos().powi(2);
        *tap = sinc * hann;
    }
    let gain: f32 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= gain);
    taps
}

/// A Butterworth high pass and low pass of second order, one after the other.
pub(super) struct BandPass {
    high_pass: Biquad,
    low_pass: Biquad,
}

/// Coefficients normalised to `a0` = 1.
#[derive(Clone, Copy)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
}

impl BandPass {
    pub(super) fn new(low_hz: f32, high_hz: f32, sample_rate: u32) -> Self {
        Self {
            high_pass: Biquad::new(low_hz, sample_rate, -1.0),
            low_pass: Biquad::new(high_hz, sample_rate, 1.0),
        }
    }

    pub(super) fn run(&self, samples: &mut [f32]) {
        for biquad in [self.high_pass, self.low_pass] {
            let (mut s1, mut s2) = (0.0f64, 0.0f64);
            for sample in samples.iter_mut() {
                let x = f64::from(*sample);
                let y = biquad.b[0] * x + s1;
                s1 = biquad.b[1] * x - biquad.a[0] * y + s2;
                s2 = biquad.b[2] * x - biquad.a[1] * y;
                *sample = y as f32;
            }
        }
    }
}

impl Biquad {
    /// Audio EQ Cookbook (Bristow-Johnson), Q = 1/sqrt(2); `sign` is 1 for low pass, -1 for high.
    /// <https://www.w3.org/TR/audio-eq-cookbook/>
    fn new(edge_hz: f32, sample_rate: u32, sign: f64) -> Self {
        let omega = std::f64::consts::TAU * f64::from(edge_hz) / f64::from(sample_rate);
        let alpha = omega.sin() * std::f64::consts::FRAC_1_SQRT_2;
        let a0 = 1.0 + alpha;
        let outer = (1.0 - sign * omega.cos()) / 2.0 / a0;
        Self {
            b: [outer, sign * 2.0 * outer, outer],
            a: [-2.0 * omega.cos() / a0, (1.0 - alpha) / a0],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Effect;
    use super::*;

    /// RMS of the middle of a tone after a low pass between 3.3 and 3.4 kHz; 0.707 before.
    fn level_behind_low_pass(hz: f32) -> f32 {
        let turn = std::f32::consts::TAU * hz / 16_000.0;
        let mut tone: Vec<f32> = (0..8000).map(|n| (turn * n as f32).sin()).collect();
        let config = BandwidthConfig { prob: 1.0, min_hz: 3300.0, max_hz: 3400.0 };
        let mut random = Random::new(5, Effect::Bandwidth);
        low_pass(&mut tone, &config, 16_000, &mut random, &mut Vec::new());
        let middle = &tone[1000..7000];
        (middle.iter().map(|x| x * x).sum::<f32>() / middle.len() as f32).sqrt()
    }

    #[test]
    fn the_low_pass_keeps_the_band_and_removes_what_is_above() {
        for hz in [100.0, 1000.0, 2800.0] {
            assert!((level_behind_low_pass(hz) - 0.707).abs() < 0.01, "{hz} Hz");
        }
        for hz in [4000.0, 5000.0, 7900.0] {
            assert!(level_behind_low_pass(hz) < 0.004, "{hz} Hz");
        }
    }
}
