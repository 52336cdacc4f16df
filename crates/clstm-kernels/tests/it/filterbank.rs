//! The filterbank's energies against their defining sum in float64.

use clstm_kernels::filterbank::{FilterbankShape, PreparedFilterbank, backward, forward};
use proptest::prelude::*;

use crate::random::Random;

struct Case {
    shape: FilterbankShape,
    x: Vec<f32>,
    w: Vec<f32>,
    de: Vec<f32>,
}

impl Case {
    fn new(shape: FilterbankShape, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let FilterbankShape { batch, samples, filters, kernel, .. } = shape;
        // Of about unit norm, as the filters of the network are.
        let scale = (3.0 / kernel as f32).sqrt();
        Self {
            shape,
            x: random.vec(batch * samples, 1.0),
            w: random.vec(2 * filters * kernel, scale),
            de: random.vec(batch * shape.frames() * filters, 1.0),
        }
    }

    fn sample(&self, b: usize, at: isize) -> f64 {
        let inside = usize::try_from(at).ok().filter(|at| *at < self.shape.samples);
        inside.map_or(0.0, |at| f64::from(self.x[b * self.shape.samples + at]))
    }

    /// Energies `[B, frames, F]` and the gradient of the filters `[2, F, K]`.
    fn reference(&self) -> [Vec<f64>; 2] {
        let FilterbankShape { batch, filters, kernel, stride, pool, .. } = self.shape;
        let (frames, before) = (self.shape.frames(), kernel.saturating_sub(stride) / 2);
        let mut energies = vec![0.0; batch * frames * filters];
        let mut gradient = vec![0.0; 2 * filters * kernel];
        for b in 0..batch {
            for p in 0..frames * pool {
                let first = (p * stride) as isize - before as isize;
                let window: Vec<f64> =
                    (0..kernel).map(|k| self.sample(b, first + k as isize)).collect();
                for row in 0..2 * filters {
                    let e = (b * frames + p / pool) * filters + row % filters;
                    let taps = &self.w[row * kernel..][..kernel];
                    let y: f64 = taps.iter().zip(&window).map(|(w, x)| f64::from(*w) * x).sum();
                    energies[e] += y * y / pool as f64;
                    let dy = 2.0 * y * f64::from(self.de[e]) / pool as f64;
                    let to = gradient[row * kernel..][..kernel].iter_mut();
                    to.zip(&window).for_each(|(to, x)| *to += dy * x);
                }
            }
        }
        [energies, gradient]
    }

    fn run(&self) -> [Vec<f32>; 2] {
        let mut energies = vec![f32::NAN; self.de.len()];
        let saved = forward(&self.shape, &self.x, &self.w, &mut energies, true);
        let gradient = backward(&self.shape, saved.expect("kept"), &self.x, &self.de);
        [energies, gradient]
    }

    fn check(&self) {
        for (actual, expected) in self.run().iter().zip(self.reference()) {
            let square = expected.iter().map(|v| v * v).sum::<f64>() / expected.len() as f64;
            // Of single precision, relative to the size of such values.
            let most = 2e-5 * square.sqrt() + 1e-6;
            for (i, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
                let error = (f64::from(*actual) - expected).abs();
                assert!(error <= most, "{i}: {actual} for {expected}, {:?}", self.shape);
            }
        }
    }
}

/// The filterbank of `clstm-plus`, over a fifth of a second.
const PRESET: FilterbankShape =
    FilterbankShape { batch: 2, samples: 3_200, filters: 64, kernel: 400, stride: 40, pool: 4 };

#[test]
fn the_preset_equals_the_sum() {
    Case::new(PRESET, 1).check();
}

#[test]
fn a_tone_has_its_power_in_its_band() {
    // A quadrature pair of unit norm measures the power of a tone, at any phase.
    let (kernel, omega) = (400, 0.3_f64);
    let shape =
        FilterbankShape { batch: 1, samples: 4_000, filters: 1, kernel, stride: 40, pool: 4 };
    let window = |k: usize| (-0.5 * ((k as f64 - 199.5) / 60.0).powi(2)).exp();
    let sum: f64 = (0..kernel).map(window).sum();
    let part =
        |f: fn(f64) -> f64| (0..kernel).map(move |k| (window(k) * f(omega * k as f64)) as f32);
    let w: Vec<f32> = part(f64::cos).chain(part(f64::sin)).collect();
    let x: Vec<f32> = (0..4_000).map(|n| (omega * n as f64 + 0.7).sin() as f32).collect();
    let mut energies = vec![0.0; shape.frames()];
    assert!(forward(&shape, &x, &w, &mut energies, false).is_none());
    // |Σ w e^{iωk} sin(ωk + φ)|² = (Σ w / 2)² but for the other sideband, far outside the band.
    let expected = (sum / 2.0).powi(2);
    for energy in &energies[3..energies.len() - 3] {
        assert!((f64::from(*energy) / expected - 1.0).abs() < 1e-4, "{energy} for {expected}");
    }
}

#[test]
fn packed_filters_give_the_same_bits_for_any_batch() {
    let case = Case::new(PRESET, 4);
    let [energies, _] = case.run();
    let packed =
        PreparedFilterbank::new(&FilterbankShape { batch: 0, samples: 0, ..PRESET }, &case.w);
    let alone = FilterbankShape { batch: 1, ..PRESET };
    let each = energies.len() / 2;
    for (x, expected) in case.x.chunks(PRESET.samples).zip(energies.chunks(each)) {
        let mut actual = vec![0.0; each];
        packed.forward(&alone, x, &mut actual);
        assert_eq!(actual, expected);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let case = Case::new(FilterbankShape { batch: 9, samples: 700, filters: 5, ..PRESET }, 5);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool").install(|| case.run())
    };
    assert_eq!(on(1), on(3));
}

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn any_sizes_equal_the_sum(
        batch in 1_usize..6,
        samples in 1_usize..300,
        filters in 1_usize..20,
        kernel in 1_usize..90,
        stride in 1_usize..20,
        pool in 1_usize..5,
        seed: u64,
    ) {
        Case::new(FilterbankShape { batch, samples, filters, kernel, stride, pool }, seed).check();
    }
}
