//! Spectra of the input: one transform for each block of a segment and vector of phases.

use pulp::{Arch, Simd, WithSimd};

use super::fft::{Complex, POINTS, Scratch, transform};
use super::{FftConvPlan, InputSpectra, PAIRS};
use crate::aligned_buffer::AlignedBuffer;

impl FftConvPlan {
    /// Spectra of `segments` segments, segment `i` being
    /// `wave[at(i)..][..`[`padded_length`](FftConvPlan::padded_length)`]`.
    ///
    /// # Panics
    /// If a segment lies outside `wave`.
    #[must_use]
    pub fn input_spectra(
        &self,
        segments: usize,
        wave: &[f32],
        at: impl Fn(usize) -> usize,
    ) -> InputSpectra {
        let rows = segments * self.blocks;
        let mut data = AlignedBuffer::recycled(PAIRS * rows * self.depth());
        let (plan, to) = (self, &mut data[..]);
        Arch::new().dispatch(TransformInput { plan, rows, wave, at: &at, to });
        InputSpectra { rows, data }
    }
}

struct TransformInput<'a> {
    plan: &'a FftConvPlan,
    rows: usize,
    wave: &'a [f32],
    at: &'a dyn Fn(usize) -> usize,
    to: &'a mut [f32],
}

impl WithSimd for TransformInput<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, rows, wave, at, to } = self;
        let (phases, depth) = (plan.stride, plan.depth());
        let zero = simd.splat_f32s(0.0);
        let mut scratch = Scratch::new();
        for row in 0..rows {
            let outputs = plan.outputs_of(row % plan.blocks);
            // The samples that valid outputs read, and no more: the rest may be another segment's.
            let read = if outputs.is_empty() { 0 } else { outputs.len() + plan.taps - 1 };
            let segment = &wave[at(row / plan.blocks)..][..plan.padded_length()];
            let segment = &segment[outputs.start * phases..];
            for phase in (0..phases).step_by(S::F32_LANES) {
                let lanes = S::F32_LANES.min(phases - phase);
                transform(
                    simd,
                    plan.twiddles,
                    &mut scratch.0,
                    #[inline(always)]
                    |_, q| {
                        let from = (q * phases + phase).min(segment.len());
                        let from = &segment[from..];
                        let re = if q >= read {
                            zero
                        } else if from.len() >= S::F32_LANES {
                            S::as_simd_f32s(from).0[0]
                        } else {
                            simd.partial_load_f32s(from)
                        };
                        Complex { re, im: zero }
                    },
                    // The transform has a positive exponent: take the conjugate.
                    #[inline(always)]
                    |_, f, x| {
                        if f < PAIRS {
                            let to = &mut to[(f * rows + row) * depth..][..depth];
                            simd.partial_store_f32s(&mut to[phase..][..lanes], x.re);
                            if f > 0 {
                                let to = &mut to[phases + phase..][..lanes];
                                simd.partial_store_f32s(to, simd.neg_f32s(x.im));
                            }
                        } else if f == POINTS / 2 {
                            let to = &mut to[row * depth + phases + phase..][..lanes];
                            simd.partial_store_f32s(to, x.re);
                        }
                    },
                );
            }
        }
    }
}
