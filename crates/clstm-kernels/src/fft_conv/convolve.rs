//! Spectra of the weights, and the convolution.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::fft::{Complex, POINTS, Scratch, slot, transform};
use super::product;
use super::simd_complex::{
    AHEAD, get_columns, load, prefetch_columns_to_write, put_columns, store,
};
use super::{
    BLOCK, COLUMNS, FftConvPlan, InputSpectra, LANES, PAIRS, ROW, TILE, WeightSpectra, frequencies,
    pair_of,
};
use crate::aligned_buffer::AlignedBuffer;

impl FftConvPlan {
    /// Spectra of weights `[kernel, columns]`, row-major.
    ///
    /// # Panics
    /// If `w` does not have `kernel * columns` elements.
    #[must_use]
    pub fn weight_spectra(&self, w: &[f32]) -> WeightSpectra {
        assert_eq!(w.len(), self.kernel * self.columns, "fft_conv: length of the weights");
        let mut data = AlignedBuffer::zeros(self.packed_len());
        Arch::new().dispatch(Pack { plan: self, w, to: &mut data });
        WeightSpectra(data)
    }

    /// Convolves the segments `segments` of `x`. Position `p` of segment `i` replaces the `columns` floats
    /// at `to[at(i) + p * position_stride..]`.
    ///
    /// The result for a segment does not depend on the others.
    ///
    /// # Rounding
    /// With `e = 2^-24`, sixteen roundings per transform or product and independent errors, the root mean
    /// square error is near `4 e = 2.4e-7` of the root mean square of the terms over a *block*:
    /// `√(Σ_k w[k, n]^2)` times that of `x`, over the 32 columns that share a transform. The largest error
    /// of many outputs is some six times that.
    ///
    /// # Panics
    /// If weights or input belong to another plan, a segment does not exist, or a row lies outside `to`.
    pub fn convolve(
        &self,
        weights: &WeightSpectra,
        x: &InputSpectra,
        segments: Range<usize>,
        to: &mut [f32],
        position_stride: usize,
        at: impl Fn(usize) -> usize,
    ) {
        let rows = segments.start * self.blocks..segments.end * self.blocks;
        assert_eq!(weights.0.len(), self.packed_len(), "fft_conv: weights of another plan");
        assert_eq!(x.data.len(), x.rows * PAIRS * self.depth(), "fft_conv: input of another plan");
        assert!(rows.end <= x.rows, "fft_conv: {segments:?} of {} segments", x.rows / self.blocks);
        let (plan, w, at) = (self, &weights.0[..], &at);
        Arch::new().dispatch(Convolve { plan, w, x, rows, to, position_stride, at });
    }
}

/// Packs the weights' spectra.
struct Pack<'a> {
    plan: &'a FftConvPlan,
    w: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, w, to } = self;
        let (phases, depth) = (plan.stride, plan.depth());
        // The scale of the inverse transform, applied here once.
        let scale = simd.splat_f32s(1.0 / POINTS as f32);
        let mut scratch = Scratch::new();
        for (block, to) in to.chunks_exact_mut(plan.block_len()).enumerate() {
            for phase in 0..phases {
                for lane in (0..LANES).step_by(S::F32_LANES) {
                    let column = block * BLOCK + lane;
                    transform(
                        simd,
                        plan.twiddles,
                        &mut scratch.0,
                        #[inline(always)]
                        |_, j| {
                            let tap = j * phases + phase;
                            let w = if tap < plan.kernel {
                                &w[tap * plan.columns..][..plan.columns]
                            } else {
                                &[]
                            };
                            let c = get_columns(simd, w, column);
                            Complex {
                                re: simd.mul_f32s(c.re, scale),
                                im: simd.mul_f32s(c.im, scale),
                            }
                        },
                        #[inline(always)]
                        |_, f, c| {
                            let (pair, second) = pair_of(f);
                            let at = if second { BLOCK + lane } else { lane };
                            let to = &mut to[pair * depth * COLUMNS + at..];
                            // The spectrum at 128 is stored in place of the imaginary part at 0.
                            let k = if f == POINTS / 2 { phases + phase } else { phase };
                            store::<S>(&mut to[k * COLUMNS..], c);
                            let to = &mut to[(phases + phase) * COLUMNS..];
                            if f > 0 && f < POINTS / 2 {
                                store::<S>(to, Complex { re: simd.neg_f32s(c.im), im: c.re });
                            } else if f > POINTS / 2 {
                                store::<S>(to, Complex { re: c.im, im: simd.neg_f32s(c.re) });
                            }
                        },
                    );
                }
            }
        }
    }
}

/// Products and inverse transforms.
struct Convolve<'a> {
    plan: &'a FftConvPlan,
    w: &'a [f32],
    x: &'a InputSpectra,
    rows: Range<usize>,
    to: &'a mut [f32],
    position_stride: usize,
    at: &'a dyn Fn(usize) -> usize,
}

impl WithSimd for Convolve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, w, x, rows, to, position_stride, at } = self;
        let depth = plan.depth();
        let mut tile = AlignedBuffer::recycled(TILE * ROW);
        let tile = &mut tile[..];
        for from in rows.clone().step_by(TILE) {
            let count = TILE.min(rows.end - from);
            for (block, w) in w.chunks_exact(plan.block_len()).enumerate() {
                for (pair, w) in w.chunks_exact(depth * COLUMNS).enumerate() {
                    let x = &x.data[(pair * x.rows + from) * depth..][..count * depth];
                    product::apply(simd, [count, depth], x, w, tile, frequencies(pair).map(slot));
                }
                for (r, z) in tile.chunks_exact_mut(ROW).take(count).enumerate() {
                    let row = from + r;
                    let outputs = plan.outputs_of(row % plan.blocks);
                    let first = at(row / plan.blocks) + outputs.start * position_stride;
                    for lane in (0..LANES).step_by(S::F32_LANES) {
                        let column = block * BLOCK + lane;
                        transform(
                            simd,
                            plan.twiddles,
                            &mut z[lane..],
                            #[inline(always)]
                            |z, f| load::<S>(&z[slot(f)..]),
                            #[inline(always)]
                            |_, p, y| {
                                if p < outputs.len() {
                                    let to = &mut to[first + p * position_stride..][..plan.columns];
                                    put_columns(simd, y, to, column);
                                }
                                if p + AHEAD < outputs.len() {
                                    let at = first + (p + AHEAD) * position_stride + column;
                                    prefetch_columns_to_write(to, at);
                                }
                            },
                        );
                    }
                }
            }
        }
    }
}
