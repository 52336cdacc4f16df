//! Gradients through the pooling, the affine map and the statistics of the batch.

use super::moments::block_and_task;
use super::{NormPoolShape, Saved};
use crate::activation::vectorized;
use crate::lanes::{Lanes, load, over_channels};
use rayon::prelude::*;

/// Writes the gradients of [`forward_train`](super::forward_train), given `dy`, the gradient of its
/// output, and its own `h` and `gamma`; `dh`, `dgamma` and `dbeta` are replaced, not added to.
///
/// With `x = (h - mean) rstd`, `g` the gradient that reaches a position through the pooling (zero
/// except for max_values) and `M = rows * positions`:
/// `dbeta = sum g`, `dgamma = sum g x`, `dh = gamma rstd (g - dbeta / M - x dgamma / M)`.
///
/// # Panics
/// If a size is 0, a slice has not the length the shape says, or `saved` is of another shape.
#[expect(clippy::too_many_arguments, reason = "the operands and the results of one gradient")]
pub fn backward(
    shape: &NormPoolShape,
    h: &[f32],
    gamma: &[f32],
    saved: &Saved,
    dy: &[f32],
    dh: &mut [f32],
    dgamma: &mut [f32],
    dbeta: &mut [f32],
) {
    let lengths = [
        ("gamma", gamma.len()),
        ("dgamma", dgamma.len()),
        ("dbeta", dbeta.len()),
        ("the saved statistics", saved.mean.len()),
    ];
    shape.check(h, dy, &lengths);
    assert_eq!(dh.len(), h.len(), "norm_pool: length of dh, {shape:?}");
    assert_eq!(saved.max_values.is_some(), shape.pools(), "norm_pool: saved by another shape");

    let (max_values, argmax) = match &saved.max_values {
        Some((values, argmax)) => (&**values, argmax.as_slice()),
        None => (h, [].as_slice()),
    };
    assert_eq!(max_values.len(), dy.len(), "norm_pool: saved by another shape");
    let sums = reduce(shape.channels, dy, max_values, &saved.mean);
    for (c, [g, gx]) in sums.iter().enumerate() {
        dbeta[c] = *g as f32;
        dgamma[c] = (gx * f64::from(saved.rstd[c])) as f32;
    }

    let count = (shape.rows * shape.positions) as f64;
    let slope = Slope {
        mean: &saved.mean,
        gain: gamma.iter().zip(&saved.rstd).map(|(g, r)| g * r).collect(),
        offset: terms(gamma, &saved.rstd, |c, gain, _| -gain * sums[c][0] / count),
        tilt: terms(gamma, &saved.rstd, |c, gain, rstd| -gain * sums[c][1] * rstd * rstd / count),
    };
    let rows = shape.rows_per_task();
    let (input, output) = (rows * shape.row(), rows * shape.pooled_row());
    let tasks = (h.par_chunks(input), dh.par_chunks_mut(input), dy.par_chunks(output));
    if shape.pools() {
        (tasks, argmax.par_chunks(output))
            .into_par_iter()
            .for_each(|((h, dh, dy), argmax)| spread(shape, &slope, h, dh, dy, argmax));
    } else {
        tasks.into_par_iter().for_each(|(h, dh, dy)| spread(shape, &slope, h, dh, dy, &[]));
    }
}

/// One float64 expression of `(channel, gamma rstd, rstd)` for each channel.
pub(crate) fn terms(
    gamma: &[f32],
    rstd: &[f32],
    term: impl Fn(usize, f64, f64) -> f64,
) -> Vec<f32> {
    let pairs = gamma.iter().zip(rstd).map(|(&g, &r)| (f64::from(g), f64::from(r)));
    pairs.enumerate().map(|(c, (g, r))| term(c, g * r, r) as f32).collect()
}

/// For each channel `[sum dy, sum dy (winner - mean)]`; blocks in float32, their sum in float64.
pub(crate) fn reduce(
    channels: usize,
    dy: &[f32],
    max_values: &[f32],
    mean: &[f32],
) -> Vec<[f64; 2]> {
    let (block, task) = block_and_task(channels);
    let parts: Vec<Vec<[f64; 2]>> = (dy.par_chunks(task), max_values.par_chunks(task))
        .into_par_iter()
        .map(|(dy, max_values)| {
            let mut total = vec![[0.0; 2]; channels];
            let mut sums = vec![[0.0; 2]; channels];
            for (dy, max_values) in dy.chunks(block).zip(max_values.chunks(block)) {
                vectorized(
                    #[inline(always)]
                    || {
                        let sums = &mut sums;
                        over_channels(channels, &mut Sums { dy, max_values, channels, mean, sums });
                    },
                );
                for (total, sum) in total.iter_mut().zip(&sums) {
                    total[0] += f64::from(sum[0]);
                    total[1] += f64::from(sum[1]);
                }
            }
            total
        })
        .collect();
    let mut total = vec![[0.0; 2]; channels];
    for part in &parts {
        for (total, part) in total.iter_mut().zip(part) {
            total[0] += part[0];
            total[1] += part[1];
        }
    }
    total
}

struct Sums<'a> {
    dy: &'a [f32],
    max_values: &'a [f32],
    channels: usize,
    mean: &'a [f32],
    sums: &'a mut [[f32; 2]],
}

impl Lanes for Sums<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.mean, c);
        // Two chains each, so that an addition need not wait for the one before it.
        let mut sum = [[0.0_f32; L]; 2];
        let mut product = [[0.0_f32; L]; 2];
        let mut dy = self.dy.chunks_exact(2 * self.channels);
        let mut x = self.max_values.chunks_exact(2 * self.channels);
        for (dy, x) in dy.by_ref().zip(x.by_ref()) {
            for k in 0..2 {
                let dy: [f32; L] = load(dy, k * self.channels + c);
                let x: [f32; L] = load(x, k * self.channels + c);
                for l in 0..L {
                    sum[k][l] += dy[l];
                    product[k][l] += dy[l] * (x[l] - mean[l]);
                }
            }
        }
        if !dy.remainder().is_empty() {
            let dy: [f32; L] = load(dy.remainder(), c);
            let x: [f32; L] = load(x.remainder(), c);
            for l in 0..L {
                sum[0][l] += dy[l];
                product[0][l] += dy[l] * (x[l] - mean[l]);
            }
        }
        for l in 0..L {
            self.sums[c + l] = [sum[0][l] + sum[1][l], product[0][l] + product[1][l]];
        }
    }
}

/// `dh = gain g + tilt (h - mean) + offset`, by channel.
struct Slope<'a> {
    mean: &'a [f32],
    gain: Vec<f32>,
    offset: Vec<f32>,
    tilt: Vec<f32>,
}

fn spread(
    shape: &NormPoolShape,
    slope: &Slope<'_>,
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
                            &mut Winners { slope, channels, h, dh, dy, argmax },
                        );
                    } else {
                        over_channels(channels, &mut All { slope, h, dh, dy });
                    }
                    at += channels;
                }
            }
        },
    );
}

/// One window, whose gradient goes to the winner alone.
struct Winners<'a> {
    slope: &'a Slope<'a>,
    channels: usize,
    h: &'a [f32],
    dh: &'a mut [f32],
    dy: &'a [f32],
    argmax: &'a [u16],
}

impl Lanes for Winners<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.slope.mean, c);
        let tilt: [f32; L] = load(&self.slope.tilt, c);
        let offset: [f32; L] = load(&self.slope.offset, c);
        let mut through: [f32; L] = load(&self.slope.gain, c);
        let dy: [f32; L] = load(self.dy, c);
        let place: [u16; L] = load(self.argmax, c);
        let mut wide = [0_u32; L];
        for l in 0..L {
            wide[l] = u32::from(place[l]);
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
                dh[l] = (h[l] - mean[l]) * tilt[l] + offset[l] + g;
            }
        }
    }
}

/// One position where nothing is pooled.
struct All<'a> {
    slope: &'a Slope<'a>,
    h: &'a [f32],
    dh: &'a mut [f32],
    dy: &'a [f32],
}

impl Lanes for All<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.slope.mean, c);
        let tilt: [f32; L] = load(&self.slope.tilt, c);
        let offset: [f32; L] = load(&self.slope.offset, c);
        let gain: [f32; L] = load(&self.slope.gain, c);
        let h: [f32; L] = load(self.h, c);
        let dy: [f32; L] = load(self.dy, c);
        let dh = &mut self.dh[c..c + L];
        for l in 0..L {
            dh[l] = (h[l] - mean[l]) * tilt[l] + offset[l] + dy[l] * gain[l];
        }
    }
}
