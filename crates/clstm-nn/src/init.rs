//! Initial values of parameters, drawn by the CPU so that a seed means the same on every device.

use std::f64::consts::PI;

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

use crate::mel::{equally_spaced, mel_to_hz};
use crate::rng::Rng;

/// Standard deviation of the envelope of a Gabor filter, in periods of its centre frequency.
const PERIODS: f64 = 2.0;
/// Least standard deviation of the envelope of a Gabor filter, in samples: shorter ones pass more than their band.
const LEAST_WIDTH: f64 = 8.0;
/// Taps for each sample of the standard deviation, at least: 2.5 deviations on both sides are within.
pub(crate) const TAPS_PER_WIDTH: f64 = 5.0;

/// Draws the initial values of a network's parameters, one after the other.
#[derive(Debug)]
pub struct WeightInit {
    random: Rng,
}

impl WeightInit {
    /// A generator for one network.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: Rng::new(seed) }
    }

    /// Glorot uniform: `U(-a, a)` with `a = sqrt(6 / (fan_in + fan_out))`.
    pub(crate) fn glorot<const D: usize>(
        &mut self,
        shape: [usize; D],
        fan_in: usize,
        fan_out: usize,
        device: &Device,
    ) -> Param<Tensor<D>> {
        let bound = (6.0 / (fan_in + fan_out) as f64).sqrt();
        self.uniform(shape, bound, device)
    }

    /// `U(-bound, bound)`.
    pub(crate) fn uniform<const D: usize>(
        &mut self,
        shape: [usize; D],
        bound: f64,
        device: &Device,
    ) -> Param<Tensor<D>> {
        let count = shape.iter().product();
        let values =
            (0..count).map(|_| ((2.0 * self.random.unit() - 1.0) * bound) as f32).collect();
        parameter(values, shape, device)
    }

    /// Gabor filters `[4H, 1, taps]` for the gates of a first layer: a cosine under a Gaussian, centre
    /// frequencies equally spaced on the mel scale from 60 Hz to 94% of Nyquist, about two periods wide
    /// but at most what the taps hold. Unit norm.
    ///
    /// Phases are random, but input gate, candidate and output gate of a filter share theirs. With
    /// `σ(x) tanh(x) ≈ x/2 + x²/4` what a cell takes in then has a part that follows the energy of its
    /// band from the first step on; with phases of their own these parts have random signs.
    pub(crate) fn gabor(
        &mut self,
        filters: usize,
        taps: usize,
        sample_rate: u32,
        device: &Device,
    ) -> Param<Tensor<3>> {
        let (centers, _) = equally_spaced(filters, sample_rate);
        let middle = (taps as f64 - 1.0) / 2.0;
        let mut values = Vec::with_capacity(4 * filters * taps);
        let mut phases = |_| 2.0 * PI * self.random.unit();
        let shared: Vec<f64> = (0..filters).map(&mut phases).collect();
        let forget: Vec<f64> = (0..filters).map(&mut phases).collect();
        for phases in [&shared, &forget, &shared, &shared] {
            for (filter, phase) in phases.iter().enumerate() {
                let omega = 2.0 * PI * mel_to_hz(centers[filter]) / f64::from(sample_rate);
                let width =
                    (PERIODS * 2.0 * PI / omega).max(LEAST_WIDTH).min(taps as f64 / TAPS_PER_WIDTH);
                let wave = |k: usize| {
                    let t = k as f64 - middle;
                    (-0.5 * (t / width).powi(2)).exp() * (omega * t + phase).cos()
                };
                let window: Vec<f64> = (0..taps).map(wave).collect();
                let norm = window.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-6);
                values.extend(window.iter().map(|v| (v / norm) as f32));
            }
        }
        parameter(values, [4 * filters, 1, taps], device)
    }
}

/// All values the same.
pub(crate) fn constant<const D: usize>(
    value: f32,
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    parameter(vec![value; shape.iter().product()], shape, device)
}

pub(crate) fn parameter<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::WeightInit;
    use crate::tensor_data::floats;

    #[test]
    fn all_gates_of_a_gabor_filter_but_the_forget_gate_start_alike() {
        let (filters, taps) = (6, 400);
        let weights = WeightInit::new(5).gabor(filters, taps, 16_000, &Device::flex());
        let weights = floats(weights.val().reshape([4 * filters * taps]));
        let gates: Vec<&[f32]> = weights.chunks_exact(filters * taps).collect();
        assert_eq!(gates[0], gates[2]);
        assert_eq!(gates[0], gates[3]);
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let filters = gates[0].chunks_exact(taps).zip(gates[1].chunks_exact(taps));
        let mut apart = 0;
        for (input, forget) in filters {
            assert!((product(input, input) - 1.0).abs() < 1e-5, "unit norm");
            assert_ne!(input, forget);
            apart += usize::from(product(input, forget) < 0.9);
        }
        assert!(apart >= 3, "random phases are seldom within 25 degrees: {apart} of 6 are not");
    }
}
