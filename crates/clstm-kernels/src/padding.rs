//! Copies of tensors with zeros around and between their rows.

use crate::Buffer;
use crate::gemm::GemmScalar;
use crate::simd::vectorized;

/// A buffer of `len` zeros with row `i` of `rows` (`width` floats each, rounded to `E`) written at
/// `at(i)`.
///
/// # Panics
/// If a row does not fit the buffer.
pub(crate) fn rows_between_zeros<E: GemmScalar>(
    len: usize,
    rows: &[f32],
    width: usize,
    at: impl Fn(usize) -> usize,
) -> Buffer<E> {
    let mut padded = Buffer::zeros(len);
    vectorized(
        #[inline(always)]
        || {
            for (i, row) in rows.chunks_exact(width).enumerate() {
                round_into(row, &mut padded[at(i)..][..width]);
            }
        },
    );
    padded
}

/// `to = from`, rounded to `E`; inlined into code for the processor's vectors.
#[inline(always)]
pub(crate) fn round_into<E: GemmScalar>(from: &[f32], to: &mut [E]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = E::from_f32(*from));
}

/// `to = from`; inlined into code for the processor's vectors.
#[inline(always)]
pub(crate) fn widen_into<E: GemmScalar>(from: &[E], to: &mut [f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = from.to_f32());
}
