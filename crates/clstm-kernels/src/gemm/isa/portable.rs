//! All other instruction sets, through the crate `pulp`.

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::{Isa, Task};
use crate::gemm::microkernel::{Regs16, TileShapes};

/// An instruction set of `pulp`, as a type.
///
/// # Safety
/// An implementation promises that [`token`](PulpIsa::token) returns the value that stands for `Self`,
/// so that its methods execute no instruction outside of that set, and that [`Simd::f32s`] is plain
/// data of `F32_LANES` floats.
pub(in crate::gemm) unsafe trait PulpIsa: Simd {
    /// The tiles that fit the registers.
    type TileShapes: TileShapes;
    /// Whether `mul_add` is an instruction; otherwise `pulp` emulates it by a function call.
    const FUSED: bool;
    /// The value that stands for the instruction set.
    ///
    /// # Safety
    /// The processor has the instruction set.
    unsafe fn token() -> Self;
}

#[cfg(target_arch = "x86_64")]
// SAFETY: the token is that of `V3` itself, AVX2 and FMA, as `pulp` defines them; its vectors are plain SIMD data.
unsafe impl PulpIsa for pulp::x86::V3 {
    type TileShapes = Regs16;
    const FUSED: bool = true;

    #[inline(always)]
    unsafe fn token() -> Self {
        // SAFETY: the caller promises that the processor has the set.
        unsafe { Self::new_unchecked() }
    }
}

#[cfg(target_arch = "x86_64")]
// SAFETY: the token is that of `V2` itself, SSE 4.2, as `pulp` defines it; its vectors are plain SIMD data.
unsafe impl PulpIsa for pulp::x86::V2 {
    type TileShapes = Regs16;
    const FUSED: bool = false;

    #[inline(always)]
    unsafe fn token() -> Self {
        // SAFETY: the caller promises that the processor has the set.
        unsafe { Self::new_unchecked() }
    }
}

#[cfg(target_arch = "aarch64")]
// SAFETY: the token is that of `Neon` itself, NEON, as `pulp` defines it; its vectors are plain SIMD data.
unsafe impl PulpIsa for pulp::aarch64::Neon {
    type TileShapes = crate::gemm::microkernel::Regs32;
    const FUSED: bool = true;

    #[inline(always)]
    unsafe fn token() -> Self {
        // SAFETY: the caller promises that the processor has the set.
        unsafe { Self::new_unchecked() }
    }
}

// SAFETY: scalar code runs on every processor; its vector is one `f32`.
unsafe impl PulpIsa for pulp::Scalar {
    type TileShapes = Regs16;
    const FUSED: bool = false;

    #[inline(always)]
    unsafe fn token() -> Self {
        Self
    }
}

/// `f32` words on the vectors of `S`.
pub(in crate::gemm) struct Portable<S>(PhantomData<S>);
/// Pairs of `bf16` on the vectors of `S`, widened and multiplied one after the other.
pub(in crate::gemm) struct Widened<S>(PhantomData<S>);

/// A [`Task`] as `pulp` takes it.
struct Entered<T>(T);

impl<T: Task> WithSimd for Entered<T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.run();
    }
}

macro_rules! portable {
    ($set:ident, parts: $parts:literal, $part:ident) => {
        // SAFETY: `enter` runs the task under `pulp`'s target features for `S`; the other functions
        // call methods of the same token. Vectors are plain data of `F32_LANES` floats (promised by
        // `PulpIsa`), read and written unaligned.
        unsafe impl<S: PulpIsa> Isa for $set<S> {
            type Words = S::f32s;
            type TileShapes = S::TileShapes;
            const LANES: usize = S::F32_LANES;
            const PARTS: usize = $parts;

            unsafe fn enter(task: impl Task) {
                // SAFETY: the caller promises that the processor has the instruction set of `S`.
                unsafe { S::token() }.vectorize(Entered(task));
            }

            #[inline(always)]
            unsafe fn zero() -> S::f32s {
                // SAFETY: the caller promises that the processor has the instruction set of `S`.
                unsafe { S::token() }.splat_f32s(0.0)
            }

            #[inline(always)]
            unsafe fn splat(word: u32) -> S::f32s {
                // SAFETY: the caller promises that the processor has the instruction set of `S`.
                unsafe { S::token() }.splat_f32s(f32::from_bits(word))
            }

            #[inline(always)]
            unsafe fn load(from: *const u32) -> S::f32s {
                // SAFETY: the caller promises `LANES` readable words; any bits are a valid vector.
                unsafe { from.cast::<S::f32s>().read_unaligned() }
            }

            #[inline(always)]
            unsafe fn store(to: *mut f32, sums: S::f32s) {
                // SAFETY: the caller promises `LANES` writable words.
                unsafe { to.cast::<S::f32s>().write_unaligned(sums) }
            }

            #[inline(always)]
            unsafe fn add(a: S::f32s, b: S::f32s) -> S::f32s {
                // SAFETY: the caller promises that the processor has the instruction set of `S`.
                unsafe { S::token() }.add_f32s(a, b)
            }

            #[inline(always)]
            unsafe fn part(words: S::f32s, part: usize) -> S::f32s {
                // SAFETY: the caller promises that the processor has the instruction set of `S`.
                $part(unsafe { S::token() }, words, part)
            }

            #[inline(always)]
            unsafe fn mul_add(a: S::f32s, b: S::f32s, sums: S::f32s) -> S::f32s {
                // SAFETY: the caller promises that the processor has the instruction set of `S`.
                let simd = unsafe { S::token() };
                if S::FUSED {
                    simd.mul_add_f32s(a, b, sums)
                } else {
                    simd.add_f32s(sums, simd.mul_f32s(a, b))
                }
            }
        }
    };
}

/// The word is the operand.
#[inline(always)]
fn whole<S: Simd>(_: S, words: S::f32s, _: usize) -> S::f32s {
    words
}

/// The high halves, then the low ones: the order in which `vdpbf16ps` adds its products.
#[inline(always)]
fn half<S: Simd>(simd: S, words: S::f32s, part: usize) -> S::f32s {
    let words: S::u32s = pulp::cast(words);
    pulp::cast(if part == 0 {
        simd.and_u32s(words, simd.splat_u32s(0xffff_0000))
    } else {
        simd.wrapping_dyn_shl_u32s(words, simd.splat_u32s(16))
    })
}

portable!(Portable, parts: 1, whole);
portable!(Widened, parts: 2, half);
