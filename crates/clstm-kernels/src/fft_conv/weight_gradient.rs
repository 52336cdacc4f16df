//! The gradient of the weights: summed over segments as spectra, then transformed back once.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::fft::{Complex, POINTS, Scratch, transform};
use super::product;
use super::simd_complex::{AHEAD, get_columns, load, prefetch_columns, put_columns, store};
use super::{
    BLOCK, COLUMNS, FftConvPlan, InputSpectra, LANES, PAIRS, ROW, TILE, WeightGradientSpectra,
    frequencies, pair_of,
};
use crate::Buffer;
use crate::aligned_buffer::AlignedBuffer;

impl FftConvPlan {
    /// Adds the contribution of the segments `segments` of `x` to `grad`. The gradients of their outputs lie
    /// in `d` as [`FftConvPlan::convolve`] writes the outputs.
    ///
    /// # Panics
    /// If input or `grad` belong to another plan, a segment does not exist, or a row lies outside `d`.
    pub fn accumulate_gradient(
        &self,
        x: &InputSpectra,
        segments: Range<usize>,
        d: &[f32],
        position_stride: usize,
        at: impl Fn(usize) -> usize,
        grad: &mut WeightGradientSpectra,
    ) {
        let rows = segments.start * self.blocks..segments.end * self.blocks;
        assert_eq!(grad.0.len(), self.packed_len(), "fft_conv: gradient of another plan");
        assert_eq!(x.data.len(), x.rows * PAIRS * self.depth(), "fft_conv: input of another plan");
        assert!(rows.end <= x.rows, "fft_conv: {segments:?} of {} segments", x.rows / self.blocks);
        let (plan, grad, at) = (self, &mut grad.0[..], &at);
        Arch::new().dispatch(Correlate { plan, x, rows, d, position_stride, at, grad });
    }

    /// The gradient of the weights, `[kernel, columns]`, row-major.
    ///
    /// # Panics
    /// If `grad` belongs to another plan.
    #[must_use]
    pub fn weight_gradient(&self, grad: &WeightGradientSpectra) -> Buffer {
        assert_eq!(grad.0.len(), self.packed_len(), "fft_conv: gradient of another plan");
        let mut to = Buffer::recycled(self.kernel * self.columns);
        Arch::new().dispatch(Unpack { plan: self, grad: &grad.0, to: &mut to });
        to
    }
}

/// Transforms of the gradients and their products with the input.
struct Correlate<'a> {
    plan: &'a FftConvPlan,
    x: &'a InputSpectra,
    rows: Range<usize>,
    d: &'a [f32],
    position_stride: usize,
    at: &'a dyn Fn(usize) -> usize,
    grad: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, x, rows, d, position_stride, at, grad } = self;
        let depth = plan.depth();
        let zero = simd.splat_f32s(0.0);
        let mut tile = AlignedBuffer::recycled(TILE * ROW);
        let tile = &mut tile[..];
        for from in rows.clone().step_by(TILE) {
            let count = TILE.min(rows.end - from);
            for (block, grad) in grad.chunks_exact_mut(plan.block_len()).enumerate() {
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
                            |_, p| {
                                if p + AHEAD < outputs.len() {
                                    let at = first + (p + AHEAD) * position_stride + column;
                                    prefetch_columns(d, at);
                                }
                                if p < outputs.len() {
                                    let d = &d[first + p * position_stride..][..plan.columns];
                                    get_columns(simd, d, column)
                                } else {
                                    Complex { re: zero, im: zero }
                                }
                            },
                            #[inline(always)]
                            |z, f, x| store::<S>(&mut z[f * BLOCK..], x),
                        );
                    }
                }
                for (pair, grad) in grad.chunks_exact_mut(depth * COLUMNS).enumerate() {
                    let x = &x.data[(pair * x.rows + from) * depth..][..count * depth];
                    product::accumulate(
                        simd,
                        [count, depth],
                        x,
                        tile,
                        frequencies(pair).map(|f| f * BLOCK),
                        grad,
                    );
                }
            }
        }
    }
}

/// The inverse transform of a sum of gradients.
///
/// With `P` the accumulated products of `re x^` and `im x^` with the transforms `d^` (of positive
/// exponent), the gradient's spectrum is `g^[f] = x^[f] d^[f]`.
struct Unpack<'a> {
    plan: &'a FftConvPlan,
    grad: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Unpack<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, grad, to } = self;
        let (phases, depth) = (plan.stride, plan.depth());
        let scale = simd.splat_f32s(1.0 / POINTS as f32);
        let mut scratch = Scratch::new();
        for (block, grad) in grad.chunks_exact(plan.block_len()).enumerate() {
            for phase in 0..phases {
                for lane in (0..LANES).step_by(S::F32_LANES) {
                    let column = block * BLOCK + lane;
                    transform(
                        simd,
                        plan.twiddles,
                        &mut scratch.0,
                        #[inline(always)]
                        |_, f| {
                            let (pair, second) = pair_of(f);
                            let at = if second { BLOCK + lane } else { lane };
                            let grad = &grad[pair * depth * COLUMNS + at..];
                            let real = load::<S>(&grad[phase * COLUMNS..]);
                            let imaginary = load::<S>(&grad[(phases + phase) * COLUMNS..]);
                            if f == 0 {
                                return real;
                            } else if f == POINTS / 2 {
                                return imaginary;
                            }
                            if f < POINTS / 2 {
                                Complex {
                                    re: simd.sub_f32s(real.re, imaginary.im),
                                    im: simd.add_f32s(real.im, imaginary.re),
                                }
                            } else {
                                Complex {
                                    re: simd.add_f32s(real.re, imaginary.im),
                                    im: simd.sub_f32s(real.im, imaginary.re),
                                }
                            }
                        },
                        #[inline(always)]
                        |_, j, g| {
                            let tap = j * phases + phase;
                            if j < plan.taps && tap < plan.kernel {
                                let to = &mut to[tap * plan.columns..][..plan.columns];
                                let g = Complex {
                                    re: simd.mul_f32s(g.re, scale),
                                    im: simd.mul_f32s(g.im, scale),
                                };
                                put_columns(simd, g, to, column);
                            }
                        },
                    );
                }
            }
        }
    }
}
