//! What a tile needs of an instruction set: vectors of 32-bit words and one multiplying instruction.
//!
//! A word is an `f32` or a pair of `bf16` neighbours of the sum, the earlier one first in memory.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(super) use avx512::{Avx512, Avx512Bf16, Avx512Widened};
pub(super) use portable::{Portable, Widened};

use super::microkernel::TileShapes;

/// Work that is to be compiled for an instruction set.
pub(super) trait Task {
    /// Does it; to be `#[inline(always)]`.
    fn run(self);
}

/// The operations of a tile, on vectors of `LANES` words.
///
/// # Safety
/// Every function is to be called only on a processor that has the instruction set, and all but
/// [`Isa::enter`] only from within a [`Task`] given to it.
pub(super) trait Isa {
    /// A vector of sums, or of words.
    type Words: Copy;
    /// The tiles that the registers have room for.
    type TileShapes: TileShapes;
    /// Words of a vector.
    const LANES: usize;
    /// Multiplications that a word stands for and that [`Isa::part`] tells apart; 1 where a single
    /// instruction takes the whole word.
    const PARTS: usize;

    /// Runs `task` compiled for this set.
    unsafe fn enter(task: impl Task);
    /// Sums of nothing.
    unsafe fn zero() -> Self::Words;
    /// `word` in every lane.
    unsafe fn splat(word: u32) -> Self::Words;
    /// `LANES` words from any address.
    unsafe fn load(from: *const u32) -> Self::Words;
    /// `LANES` sums to any address.
    unsafe fn store(to: *mut f32, sums: Self::Words);
    /// `a + b`, both sums.
    unsafe fn add(a: Self::Words, b: Self::Words) -> Self::Words;
    /// What part `part` of each word multiplies.
    unsafe fn part(words: Self::Words, part: usize) -> Self::Words;
    /// `sums + a * b`
    unsafe fn mul_add(a: Self::Words, b: Self::Words, sums: Self::Words) -> Self::Words;
}
