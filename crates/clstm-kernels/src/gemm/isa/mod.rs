//! What a micro-kernel needs of an instruction set: vectors of 32-bit words and one multiply-add.
//!
//! A word is an `f32`, or a pair of `bf16` that are neighbouring terms of the sum, the first one first
//! in memory.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(super) use avx512::{Avx512, Avx512Bf16, Avx512Widened};
pub(super) use portable::{Portable, Widened};

use super::microkernel::TileShapes;

/// Work that is to be compiled for an instruction set.
pub(super) trait Task {
    /// Does the work. Implementations are `#[inline(always)]`: code that is not inlined into
    /// [`Isa::enter`] is compiled for the smallest vectors.
    fn run(self);
}

/// The operations of a micro-kernel on vectors of `LANES` words.
///
/// # Safety
/// An implementation promises that its functions execute only instructions of the set that it names,
/// that [`load`](Isa::load) and [`store`](Isa::store) touch exactly `LANES` words from the address on
/// and accept any alignment, and that `Words` is plain data of `4 * LANES` bytes.
///
/// In return, callers of every function promise that the processor has the instruction set, and of
/// all functions but [`enter`](Isa::enter) that they call it inside a [`Task`] given to `enter`.
pub(super) unsafe trait Isa {
    /// A vector of sums, or of words.
    type Words: Copy;
    /// The tiles that fit the registers.
    type TileShapes: TileShapes;
    /// Words of a vector.
    const LANES: usize;
    /// Multiplications that a word stands for, selected by [`Isa::part`]; 1 where one instruction
    /// multiplies the whole word.
    const PARTS: usize;

    /// Runs `task`, compiled for this instruction set.
    ///
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn enter(task: impl Task);
    /// A vector of zeros.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn zero() -> Self::Words;
    /// `word` in every lane.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn splat(word: u32) -> Self::Words;
    /// `LANES` words from an address of any alignment.
    ///
    /// # Safety
    /// See the trait; the words may be read.
    unsafe fn load(from: *const u32) -> Self::Words;
    /// `LANES` sums to an address of any alignment.
    ///
    /// # Safety
    /// See the trait; the words may be written.
    unsafe fn store(to: *mut f32, sums: Self::Words);
    /// `a + b`, both sums.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn add(a: Self::Words, b: Self::Words) -> Self::Words;
    /// The operand of part `part` of each word.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn part(words: Self::Words, part: usize) -> Self::Words;
    /// `sums + a * b`
    ///
    /// # Safety
    /// See the trait.
    unsafe fn mul_add(a: Self::Words, b: Self::Words, sums: Self::Words) -> Self::Words;
}
