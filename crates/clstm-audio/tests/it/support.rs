//! Fixtures, tones and measuring a tone.

use std::f64::consts::TAU;
use std::path::PathBuf;

pub(crate) use clstm_test_support::wav::{Format, data_len_at, wav};
pub(crate) use clstm_test_support::{matroska, mp4, ogg, skip};

/// `seconds` of a sine.
pub(crate) fn sine(hz: f64, amplitude: f64, rate: u32, seconds: f64) -> Vec<f64> {
    let n = (seconds * f64::from(rate)).round() as usize;
    (0..n).map(|n| amplitude * (TAU * hz * n as f64 / f64::from(rate)).sin()).collect()
}

pub(crate) fn to_f32(samples: &[f64]) -> Vec<f32> {
    samples.iter().map(|&x| x as f32).collect()
}

/// What is at `hz` in the samples, by least squares against sine and cosine.
pub(crate) struct Tone {
    pub(crate) amplitude: f64,
    /// Power of the tone over the power of everything else, in dB.
    pub(crate) snr_db: f64,
}

pub(crate) fn measure(samples: &[f32], hz: f64, rate: u32) -> Tone {
    let angle = |n: usize| TAU * hz * n as f64 / f64::from(rate);
    let (mut ss, mut sc, mut cc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, &x) in samples.iter().enumerate() {
        let (s, c) = angle(n).sin_cos();
        ss += s * s;
        sc += s * c;
        cc += c * c;
        xs += f64::from(x) * s;
        xc += f64::from(x) * c;
    }
    let det = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / det, (xc * ss - xs * sc) / det);
    let rest: f64 = samples
        .iter()
        .enumerate()
        .map(|(n, &x)| (f64::from(x) - a * angle(n).sin() - b * angle(n).cos()).powi(2))
        .sum();
    let amplitude = a.hypot(b);
    let power = amplitude * amplitude / 2.0 * samples.len() as f64;
    Tone { amplitude, snr_db: 10.0 * (power / rest).log10() }
}

pub(crate) fn fixture_path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", name].iter().collect()
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixture_path(name)).unwrap()
}
