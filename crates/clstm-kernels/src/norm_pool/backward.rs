//! Gradients through the pooling, the affine map and the statistics of the batch.

use rayon::prelude::*;

use super::{NormPoolShape, Saved};
use crate::batch_norm::{BnGradCoeffs, gradient_sums};
use crate::simd::lanes::{Lanes, load, over_channels};
use crate::simd::vectorized;

/// Gradients of the parameters, `[channels]` each.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// Of the scale.
    pub gamma: Vec<f32>,
    /// Of the shift.
    pub beta: Vec<f32>,
}

/// Gradients of [`forward_train`](super::forward_train), given `dy`, the gradient of its output, and
/// its own `h` and `gamma`. That of the input is written to `dh`.
///
/// With `x = (h - mean) rstd`, `g` the gradient that reaches a position through the pooling (zero
/// except for maxima) and `M = rows * positions`:
/// `dbeta = Σ g`, `dgamma = Σ g x`, `dh = gamma rstd (g - dbeta / M - x dgamma / M)`.
///
/// # Panics
/// If a size is 0, a slice does not have the length given by the shape, or `saved` comes from another
/// shape.
#[must_use]
pub fn backward(
    shape: &NormPoolShape,
    h: &[f32],
    gamma: &[f32],
    saved: &Saved,
    dy: &[f32],
    dh: &mut [f32],
) -> Gradients {
    let lengths = [("gamma", gamma.len()), ("the saved statistics", saved.mean.len())];
    shape.check(h, dy, &lengths);
    assert_eq!(dh.len(), h.len(), "norm_pool: length of dh, {shape:?}");
    assert_eq!(saved.max_values.is_some(), shape.pools(), "norm_pool: saved by another shape");

    let (max_values, argmax) = match &saved.max_values {
        Some((values, argmax)) => (&**values, argmax.as_slice()),
        None => (h, [].as_slice()),
    };
    assert_eq!(max_values.len(), dy.len(), "norm_pool: saved by another shape");
    let sums = gradient_sums(shape.channels, dy, max_values, &saved.mean);
    let count = (shape.rows * shape.positions) as f64;
    let coeffs = BnGradCoeffs::new(&saved.mean, &saved.rstd, gamma, &sums, count);
    let rows = shape.rows_per_task();
    let (input, output) = (rows * shape.row(), rows * shape.pooled_row());
    let tasks = (h.par_chunks(input), dh.par_chunks_mut(input), dy.par_chunks(output));
    if shape.pools() {
        (tasks, argmax.par_chunks(output))
            .into_par_iter()
            .for_each(|((h, dh, dy), argmax)| input_gradient(shape, &coeffs, h, dh, dy, argmax));
    } else {
        tasks
            .into_par_iter()
            .for_each(|(h, dh, dy)| input_gradient(shape, &coeffs, h, dh, dy, &[]));
    }
    let gamma = sums.iter().zip(&saved.rstd).map(|([_, gx], r)| (gx * f64::from(*r)) as f32);
    Gradients { gamma: gamma.collect(), beta: sums.iter().map(|[g, _]| *g as f32).collect() }
}

/// `dh` of some rows; `argmax` is empty without pooling.
fn input_gradient(
    shape: &NormPoolShape,
    coeffs: &BnGradCoeffs<'_>,
    h: &[f32],
    dh: &mut [f32],
    dy: &[f32],
    argmax: &[u16],
) {
    let channels = shape.channels;
    let window = shape.pool.saturating_mul(channels);
    vectorized(
        #[inline(always)]
        || {
            let mut at = 0;
            let rows = h.chunks_exact(shape.row()).zip(dh.chunks_exact_mut(shape.row()));
            for (h, dh) in rows {
                for (h, dh) in h.chunks(window).zip(dh.chunks_mut(window)) {
                    let dy = &dy[at..at + channels];
                    if shape.pools() {
                        let argmax = &argmax[at..at + channels];
                        over_channels(
                            channels,
                            &mut PooledWindow { coeffs, channels, h, dh, dy, argmax },
                        );
                    } else {
                        over_channels(channels, &mut Position { coeffs, h, dh, dy });
                    }
                    at += channels;
                }
            }
        },
    );
}

/// One window. Only the maximum has a gradient.
struct PooledWindow<'a> {
    coeffs: &'a BnGradCoeffs<'a>,
    channels: usize,
    h: &'a [f32],
    dh: &'a mut [f32],
    dy: &'a [f32],
    argmax: &'a [u16],
}

impl Lanes for PooledWindow<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.coeffs.mean, c);
        let x_coeff: [f32; L] = load(&self.coeffs.x_coeff, c);
        let constant: [f32; L] = load(&self.coeffs.constant, c);
        let mut through: [f32; L] = load(&self.coeffs.scale, c);
        let dy: [f32; L] = load(self.dy, c);
        let argmax: [u16; L] = load(self.argmax, c);
        let mut wide = [0_u32; L];
        for l in 0..L {
            wide[l] = u32::from(argmax[l]);
        }
        for l in 0..L {
            through[l] *= dy[l];
        }
        let rows = self.h.chunks_exact(self.channels).zip(self.dh.chunks_exact_mut(self.channels));
        for (p, (h, dh)) in rows.enumerate() {
            let h: [f32; L] = load(h, c);
            let dh = &mut dh[c..c + L];
            for l in 0..L {
                let g = if wide[l] == p as u32 { through[l] } else { 0.0 };
                dh[l] = (h[l] - mean[l]) * x_coeff[l] + constant[l] + g;
            }
        }
    }
}

/// One position without pooling.
struct Position<'a> {
    coeffs: &'a BnGradCoeffs<'a>,
    h: &'a [f32],
    dh: &'a mut [f32],
    dy: &'a [f32],
}

impl Lanes for Position<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.coeffs.mean, c);
        let x_coeff: [f32; L] = load(&self.coeffs.x_coeff, c);
        let constant: [f32; L] = load(&self.coeffs.constant, c);
        let scale: [f32; L] = load(&self.coeffs.scale, c);
        let h: [f32; L] = load(self.h, c);
        let dy: [f32; L] = load(self.dy, c);
        let dh = &mut self.dh[c..c + L];
        for l in 0..L {
            dh[l] = (h[l] - mean[l]) * x_coeff[l] + constant[l] + dy[l] * scale[l];
        }
    }
}
