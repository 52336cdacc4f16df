//! Random FIR filter (spectral colouring) and band-pass filter.

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

    scratch.clear();
    scratch.resize(TAPS / 2, 0.0);
    scratch.extend_from_slice(samples);
    scratch.resize(samples.len() + TAPS - 1, 0.0);
    samples.fill(0.0);
    // Tap by tap over the whole clip: each pass is one multiply-add per sample, vectorised.
    for (k, tap) in taps.iter().enumerate() {
        for (y, x) in samples.iter_mut().zip(&scratch[k..]) {
            *y += tap * x;
        }
    }
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
