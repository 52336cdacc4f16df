//! Complex vectors of columns: 16 real parts, then 16 imaginary parts.

use pulp::Simd;

use super::LANES;
use super::fft::Complex;
use crate::simd;

/// The real parts at the start of `from`, the imaginary ones 16 further on.
#[inline(always)]
pub(super) fn load<S: Simd>(from: &[f32]) -> Complex<S::f32s> {
    Complex { re: S::as_simd_f32s(from).0[0], im: S::as_simd_f32s(&from[LANES..]).0[0] }
}

/// The opposite of [`load`].
#[inline(always)]
pub(super) fn store<S: Simd>(to: &mut [f32], x: Complex<S::f32s>) {
    S::as_mut_simd_f32s(to).0[0] = x.re;
    S::as_mut_simd_f32s(&mut to[LANES..]).0[0] = x.im;
}

/// The columns of the row `from` from `column` on as real parts, from 16 further on as imaginary parts;
/// zeros after the end of the row.
#[inline(always)]
pub(super) fn get_columns<S: Simd>(simd: S, from: &[f32], column: usize) -> Complex<S::f32s> {
    if column + LANES + S::F32_LANES <= from.len() {
        load::<S>(&from[column..])
    } else {
        let end = from.len();
        let part = |at: usize| &from[at.min(end)..(at + S::F32_LANES).min(end)];
        Complex {
            re: simd.partial_load_f32s(part(column)),
            im: simd.partial_load_f32s(part(column + LANES)),
        }
    }
}

/// The opposite of [`get_columns`]: values after the end of the row are dropped.
#[inline(always)]
pub(super) fn put_columns<S: Simd>(simd: S, x: Complex<S::f32s>, to: &mut [f32], column: usize) {
    if column + LANES + S::F32_LANES <= to.len() {
        store::<S>(&mut to[column..], x);
    } else {
        let end = to.len();
        let part = |at: usize| at.min(end)..(at + S::F32_LANES).min(end);
        simd.partial_store_f32s(&mut to[part(column)], x.re);
        simd.partial_store_f32s(&mut to[part(column + LANES)], x.im);
    }
}

/// Prefetch distance in positions. The outputs of two successive butterflies are one position apart, and
/// four butterflies take as long as a memory access. Positions lie kilobytes apart, which hardware
/// prefetchers do not follow: prefetching saves a tenth (writing) to a third (reading) of the time where
/// rows come from memory.
pub(super) const AHEAD: usize = 4;

/// Prefetches the columns at `at` for reading.
#[inline(always)]
pub(super) fn prefetch_columns(x: &[f32], at: usize) {
    let at = x.as_ptr().wrapping_add(at);
    simd::prefetch_read(at);
    simd::prefetch_read(at.wrapping_add(LANES));
}

/// Prefetches the columns at `at` for writing.
#[inline(always)]
pub(super) fn prefetch_columns_to_write(x: &[f32], at: usize) {
    let at = x.as_ptr().wrapping_add(at);
    simd::prefetch_write(at);
    simd::prefetch_write(at.wrapping_add(LANES));
}
