//! The number formats of activations and packed weights.

use std::ops::Deref;

use half::bf16;

use crate::Precision;
use crate::buffer::{Buffer, Pooled};
use crate::simd::vectorized;

/// How elements lie in the 32-bit words that the micro-kernels read.
///
/// Sealed: the module is private.
///
/// # Safety
/// An implementation promises that `Self` is plain data of `4 / PER_WORD` bytes and that
/// [`word`](PackedScalar::word) returns the bytes that `PER_WORD` neighbours have in memory. The
/// micro-kernels read slices of `Self` through pointers to words.
pub unsafe trait PackedScalar: Copy {
    /// Elements of a word, which are neighbouring terms of the sum.
    const PER_WORD: usize;

    /// The word of two neighbours; only the first counts where a word holds one.
    fn word(first: Self, second: Self) -> u32;
}

// SAFETY: an `f32` is one word of plain data.
unsafe impl PackedScalar for f32 {
    const PER_WORD: usize = 1;

    #[inline(always)]
    fn word(first: Self, _: Self) -> u32 {
        first.to_bits()
    }
}

// SAFETY: a `bf16` is 16 bits of plain data, and `word` places two as they lie in memory.
unsafe impl PackedScalar for bf16 {
    const PER_WORD: usize = 2;

    #[inline(always)]
    fn word(first: Self, second: Self) -> u32 {
        let [first, second] = [first, second].map(|x| u32::from(x.to_bits()));
        if cfg!(target_endian = "little") { first | second << 16 } else { first << 16 | second }
    }
}

/// A number format of a product's operands: `f32` or `bf16`.
pub trait GemmScalar: PackedScalar + Pooled + Send + Sync + std::fmt::Debug {
    /// The format as a [`Precision`].
    const PRECISION: Precision;

    /// Rounds to the nearest value of the format, ties to even.
    fn from_f32(x: f32) -> Self;

    /// The value; the conversion is exact.
    fn to_f32(self) -> f32;

    /// The same memory as floats if `Self` is `f32`: a result then needs no conversion.
    fn as_floats(x: &mut [Self]) -> Option<&mut [f32]>;

    /// The same memory as floats if `Self` is `f32`.
    fn floats(x: &[Self]) -> Option<&[f32]>;

    /// The same memory as `Self` if that is `f32`.
    fn from_floats(x: &[f32]) -> Option<&[Self]>;
}

/// Floats as operands of a product: borrowed, or rounded into a buffer.
#[derive(Debug)]
pub(crate) enum Operand<'a, E: GemmScalar> {
    Borrowed(&'a [E]),
    Rounded(Buffer<E>),
}

impl<'a, E: GemmScalar> Operand<'a, E> {
    pub(crate) fn of(x: &'a [f32]) -> Self {
        if let Some(x) = E::from_floats(x) {
            return Self::Borrowed(x);
        }
        let mut rounded = Buffer::recycled(x.len());
        vectorized(
            #[inline(always)]
            || rounded.iter_mut().zip(x).for_each(|(to, x)| *to = E::from_f32(*x)),
        );
        Self::Rounded(rounded)
    }
}

impl<E: GemmScalar> Deref for Operand<'_, E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        match self {
            Self::Borrowed(x) => x,
            Self::Rounded(x) => x,
        }
    }
}

impl GemmScalar for f32 {
    const PRECISION: Precision = Precision::F32;

    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        x
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    fn as_floats(x: &mut [Self]) -> Option<&mut [f32]> {
        Some(x)
    }

    fn floats(x: &[Self]) -> Option<&[f32]> {
        Some(x)
    }

    fn from_floats(x: &[f32]) -> Option<&[Self]> {
        Some(x)
    }
}

impl GemmScalar for bf16 {
    const PRECISION: Precision = Precision::Bf16;

    // Without a branch, so that a loop over it becomes vector code. A NaN stays a NaN: its quiet bit
    // is set before rounding could carry out of the significand.
    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        let bits = x.to_bits();
        let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
        let bits = if x.is_nan() { bits | 0x0040_0000 } else { rounded };
        Self::from_bits((bits >> 16) as u16)
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }

    fn as_floats(_: &mut [Self]) -> Option<&mut [f32]> {
        None
    }

    fn floats(_: &[Self]) -> Option<&[f32]> {
        None
    }

    fn from_floats(_: &[f32]) -> Option<&[Self]> {
        None
    }
}
