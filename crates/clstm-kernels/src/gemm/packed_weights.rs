//! Weights in the order in which the micro-kernels read them.

use std::marker::PhantomData;

use super::GemmScalar;
use super::bounds::assert_in_bounds;
use super::instruction_set::{InstructionSet, MicroKernels};
use super::tiling::panels;
use crate::aligned_buffer::AlignedBuffer;
use crate::simd::vectorized;

/// Weights `[taps, depth, columns]`, packed for [`gemm_nn`](super::gemm_nn).
///
/// Columns are divided into panels as wide as the widest tile. A panel holds, tap by tap, one row of
/// its columns for each word of the depth. Missing columns and the second half of an odd last word
/// are zero.
#[derive(Debug)]
pub struct PackedWeights<E: GemmScalar> {
    pub(super) taps: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) kernels: MicroKernels,
    pub(super) words: AlignedBuffer<u32>,
    element: PhantomData<E>,
}

impl<E: GemmScalar> PackedWeights<E> {
    /// Packs `weights` of `sizes` `[taps, depth, columns]`; element `(tap, k, n)` is
    /// `weights[tap * strides[0] + k * strides[1] + n * strides[2]]`.
    ///
    /// # Panics
    /// If an element lies outside the slice.
    #[must_use]
    pub fn pack(sizes: [usize; 3], weights: &[f32], strides: [usize; 3]) -> Self {
        Self::pack_for(InstructionSet::best(), sizes, weights, strides)
    }

    /// [`PackedWeights::pack`] for a given instruction set, which [`gemm_nn`](super::gemm_nn) then uses.
    ///
    /// # Panics
    /// If an element lies outside the slice or the processor does not have the set.
    #[doc(hidden)]
    #[must_use]
    pub fn pack_for(
        set: InstructionSet,
        [taps, depth, columns]: [usize; 3],
        weights: &[f32],
        strides: [usize; 3],
    ) -> Self {
        let kernels = set.micro_kernels(E::PRECISION);
        let rows = taps * depth.div_ceil(E::PER_WORD);
        let words = AlignedBuffer::<u32>::recycled(rows * columns.next_multiple_of(kernels.lanes));
        let mut panels = Self { taps, depth, columns, kernels, words, element: PhantomData };
        panels.repack(weights, strides);
        panels
    }

    /// Packs other weights of the same sizes in place of these.
    ///
    /// # Panics
    /// If an element lies outside the slice.
    pub fn repack(&mut self, weights: &[f32], strides: [usize; 3]) {
        let sizes = [self.taps, self.depth, self.columns];
        assert_in_bounds("weights", weights.len(), [0, 1, 2].map(|i| (sizes[i], strides[i])));
        vectorized(
            #[inline(always)]
            || self.fill(weights, strides),
        );
    }

    /// Packs one strip of columns at a time, a cache line of words wide. Whichever index is innermost
    /// in `weights`, the few cache lines that a strip reads are used up before the next strip, and
    /// every line is written as a whole.
    #[inline(always)]
    fn fill(&mut self, weights: &[f32], strides: [usize; 3]) {
        let Self { taps, depth, columns, kernels, ref mut words, .. } = *self;
        let per_tap = depth.div_ceil(E::PER_WORD);
        let mut panel = &mut words[..];
        for (first, width, vectors) in panels(&kernels, columns) {
            let padded = vectors * kernels.lanes;
            let (to, rest) = panel.split_at_mut(taps * per_tap * padded);
            panel = rest;
            for n in (0..padded).step_by(STRIP) {
                let there = STRIP.min(width.saturating_sub(n));
                for word in 0..per_tap {
                    for tap in 0..taps {
                        let strip = |half: usize| {
                            let k = word * E::PER_WORD + half;
                            let at = tap * strides[0] + k * strides[1] + (first + n) * strides[2];
                            let there = if k < depth { there } else { 0 };
                            // SAFETY: `repack` asserted that `weights` hold every element `(tap, k,
                            // n)`. `there` counts existing columns from `first + n` on, and is 0 for
                            // a `k` past the depth.
                            unsafe { gather(weights, at, strides[2], there) }
                        };
                        let firsts = strip(0);
                        let seconds = if E::PER_WORD == 2 { strip(1) } else { firsts };
                        let words = interleave::<E>(firsts, seconds);
                        let to = &mut to[(tap * per_tap + word) * padded + n..];
                        match to.first_chunk_mut::<STRIP>() {
                            Some(to) if padded - n >= STRIP => *to = words,
                            _ => to[..padded - n].copy_from_slice(&words[..padded - n]),
                        }
                    }
                }
            }
        }
    }

    /// Columns, the width of a row of [`gemm_nn`](super::apply)'s output.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// Columns packed at a time: a cache line of words.
const STRIP: usize = 16;

/// `count` elements of `from`, the first at `at` and the others `stride` apart, then zeros.
///
/// # Safety
/// The `count` elements lie inside `from`.
#[inline(always)]
unsafe fn gather(from: &[f32], at: usize, stride: usize, count: usize) -> [f32; STRIP] {
    let mut strip = [0.0; STRIP];
    // SAFETY: the loops below call it with `l < count` only, and the caller promises those elements.
    let element = |l: usize| unsafe { *from.get_unchecked(at + l * stride) };
    // Lengths and strides known to the compiler become vector code.
    if count == STRIP && stride == 1 {
        // SAFETY: with stride 1 the `STRIP` elements that the caller promises are this range.
        strip.copy_from_slice(unsafe { from.get_unchecked(at..at + STRIP) });
    } else if count == STRIP {
        for (l, to) in strip.iter_mut().enumerate() {
            *to = element(l);
        }
    } else {
        for (l, to) in strip.iter_mut().enumerate().take(count) {
            *to = element(l);
        }
    }
    strip
}

/// The words of two strips of neighbours.
#[inline(always)]
fn interleave<E: GemmScalar>(firsts: [f32; STRIP], seconds: [f32; STRIP]) -> [u32; STRIP] {
    let mut words = [0; STRIP];
    for (l, word) in words.iter_mut().enumerate() {
        *word = E::word(E::from_f32(firsts[l]), E::from_f32(seconds[l]));
    }
    words
}
