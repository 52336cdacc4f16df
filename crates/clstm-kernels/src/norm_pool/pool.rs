//! The second read of the input: find the winner of each window and map it, channel by channel.

use super::NormPoolShape;
use crate::activation::vectorized;
use crate::gemm::GemmScalar;
use crate::lanes::{Lanes, lanes, load, over_channels, store};
use crate::threads;
use rayon::prelude::*;

/// The affine map of each channel, `(h - mean) * scale + beta`.
#[derive(Debug)]
pub(crate) struct Affine {
    mean: Vec<f32>,
    scale: Vec<f32>,
    beta: Vec<f32>,
    /// Sign of the scale: -1, 0 or 1. The map is monotone, so `h * sign` orders as its result does.
    sign: Vec<f32>,
}

impl Affine {
    pub(crate) fn new(mean: &[f32], rstd: &[f32], gamma: &[f32], beta: &[f32]) -> Self {
        let scale = gamma.iter().zip(rstd).map(|(g, r)| g * r).collect();
        // `signum` of zero is one, and every input of a window ties under a gamma of zero.
        let sign = gamma.iter().map(|&g| if g == 0.0 { 0.0 } else { g.signum() }).collect();
        Self { mean: mean.to_vec(), scale, beta: beta.to_vec(), sign }
    }

    pub(super) fn channels(&self) -> usize {
        self.mean.len()
    }
}

/// What the backward pass wants to know of each window, `[rows, pooled, channels]`.
pub(super) struct SavedArgmax<'a> {
    /// The winning input.
    pub(super) values: &'a mut [f32],
    /// Its place within the window.
    pub(super) argmax: &'a mut [u16],
}

/// Fills `y`, and `kept` if it is wanted.
pub(super) fn run(
    shape: &NormPoolShape,
    h: &[f32],
    affine: &Affine,
    y: &mut [f32],
    kept: Option<SavedArgmax<'_>>,
) {
    let rows = shape.rows_per_task();
    let (input, output) = (rows * shape.row(), rows * shape.pooled_row());
    let tasks = h.par_chunks(input).zip(y.par_chunks_mut(output));
    match kept {
        None => threads::for_each(tasks, |(h, y)| {
            pool_rows::<false>(shape, h, affine, y, &mut [], &mut []);
        }),
        Some(SavedArgmax { values, argmax }) => tasks
            .zip(values.par_chunks_mut(output).zip(argmax.par_chunks_mut(output)))
            .for_each(|((h, y), (v, p))| pool_rows::<true>(shape, h, affine, y, v, p)),
    }
}

fn pool_rows<const KEEP: bool>(
    shape: &NormPoolShape,
    h: &[f32],
    affine: &Affine,
    y: &mut [f32],
    values: &mut [f32],
    argmax: &mut [u16],
) {
    let channels = shape.channels;
    vectorized(
        #[inline(always)]
        || {
            let mut at = 0;
            for h in h.chunks_exact(shape.row()) {
                for h in h.chunks(shape.pool.saturating_mul(channels)) {
                    let kept = if KEEP { at..at + channels } else { 0..0 };
                    let mut window = Window::<f32, KEEP> {
                        h,
                        affine,
                        stride: channels,
                        y: &mut y[at..at + channels],
                        values: &mut values[kept.clone()],
                        argmax: &mut argmax[kept],
                    };
                    over_channels(channels, &mut window);
                    at += channels;
                }
            }
        },
    );
}

/// One window: its positions' rows, and where its maxima go.
pub(crate) struct Window<'a, E, const KEEP: bool> {
    /// The rows, `stride` apart.
    pub(crate) h: &'a [E],
    pub(crate) stride: usize,
    pub(crate) affine: &'a Affine,
    pub(crate) y: &'a mut [f32],
    /// The winning inputs; empty unless `KEEP`.
    pub(crate) values: &'a mut [f32],
    /// Their argmax within the window; empty unless `KEEP`.
    pub(crate) argmax: &'a mut [u16],
}

/// `x[at .. at + L]` as floats.
#[inline(always)]
fn load_wide<E: GemmScalar, const L: usize>(x: &[E], at: usize) -> [f32; L] {
    let narrow: [E; L] = load(x, at);
    lanes::<L>(
        #[inline(always)]
        |k| narrow[k].to_f32(),
    )
}

impl<E: GemmScalar, const KEEP: bool> Lanes for Window<'_, E, KEEP> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let sign: [f32; L] = load(&self.affine.sign, c);
        let first: [f32; L] = load_wide(self.h, c);
        let mut best = first;
        for l in 0..L {
            best[l] *= sign[l];
        }
        for row in self.h.chunks(self.stride).skip(1) {
            let x: [f32; L] = load_wide(row, c);
            for l in 0..L {
                let key = x[l] * sign[l];
                // NaN replaces anything, and nothing but NaN replaces it.
                let better = (key > best[l]) | key.is_nan();
                best[l] = if better { key } else { best[l] };
            }
        }
        if KEEP {
            self.save_argmax(c, &sign, &best);
        }
        let (mean, scale): ([f32; L], [f32; L]) =
            (load(&self.affine.mean, c), load(&self.affine.scale, c));
        let beta: [f32; L] = load(&self.affine.beta, c);
        let y = &mut self.y[c..c + L];
        for l in 0..L {
            let tied = (sign[l] == 0.0) & !best[l].is_nan();
            best[l] = if tied { first[l] } else { best[l] * sign[l] };
            y[l] = (best[l] - mean[l]) * scale[l] + beta[l];
        }
        if KEEP {
            store(best, self.values, c);
        }
    }
}

impl<E: GemmScalar, const KEEP: bool> Window<'_, E, KEEP> {
    /// Looks for the max_values backwards, so that of equals the first stays.
    ///
    /// A second loop over the window (which is in the cache) is many times as fast as one loop that
    /// also carries the argmax, which the compiler does not turn into vector code.
    #[inline(always)]
    fn save_argmax<const L: usize>(&mut self, c: usize, sign: &[f32; L], best: &[f32; L]) {
        let mut place = [0_u32; L];
        for (p, row) in self.h.chunks(self.stride).enumerate().rev() {
            let x: [f32; L] = load_wide(row, c);
            for l in 0..L {
                place[l] = if x[l] * sign[l] == best[l] { p as u32 } else { place[l] };
            }
        }
        let argmax = &mut self.argmax[c..c + L];
        for l in 0..L {
            argmax[l] = place[l] as u16;
        }
    }
}
