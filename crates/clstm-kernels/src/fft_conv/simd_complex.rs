//! Vectors of columns: 16 as real parts, the next 16 as imaginary ones.

use pulp::Simd;

use super::LANES;
use super::fft::Complex;

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

/// The columns of the row `from` from `column` on and from 16 further on, zeros after its end.
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

/// The opposite of [`get_columns`]: what lies after the end of the row is dropped.
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

/// Positions between the one in hand and the one whose columns are asked for: the outputs of two
/// successive butterflies are one position apart, and four butterflies take as long as memory does.
/// Positions lie kilobytes apart, so that no prefetcher of the processor sees the next one coming;
/// asking saves a tenth (writing) to a third (reading) of the time where rows come from memory.
pub(super) const AHEAD: usize = 4;

/// Asks for the columns at `at`, which will be read.
#[inline(always)]
pub(super) fn expect_read(x: &[f32], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::_MM_HINT_T0;
        prefetch::<_MM_HINT_T0>(x, at);
        prefetch::<_MM_HINT_T0>(x, at + LANES);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, at);
}

/// Asks for the columns at `at`, which will be written.
#[inline(always)]
pub(super) fn expect_write(x: &[f32], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::_MM_HINT_ET0;
        prefetch::<_MM_HINT_ET0>(x, at);
        prefetch::<_MM_HINT_ET0>(x, at + LANES);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, at);
}

/// Asks for the cache line of `x[at]`, which need not exist.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch<const HINT: i32>(x: &[f32], at: usize) {
    // SAFETY: a prefetch is a hint, valid for any address: it neither faults nor changes memory, and
    // processors without the one for writing (PREFETCHW) take it for no operation.
    unsafe { std::arch::x86_64::_mm_prefetch::<HINT>(x.as_ptr().wrapping_add(at).cast()) }
}
