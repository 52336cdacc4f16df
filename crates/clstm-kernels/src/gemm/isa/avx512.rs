//! AVX-512, with and without its bf16 products.

use std::arch::x86_64::{
    __m512, __m512bh, _mm512_add_ps, _mm512_and_si512, _mm512_castps_si512, _mm512_castsi512_ps,
    _mm512_dpbf16_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_slli_epi32, _mm512_storeu_ps,
};

use super::{Isa, Task};
use crate::gemm::microkernel::Regs32;

/// AVX-512F on `f32` words, one fused multiply-add each.
pub(in crate::gemm) struct Avx512;
/// AVX-512F on pairs of `bf16`, widened to `f32` and multiplied one after the other.
pub(in crate::gemm) struct Avx512Widened;
/// AVX512-BF16 on pairs of `bf16`, both multiplied by one instruction.
pub(in crate::gemm) struct Avx512Bf16;

#[target_feature(enable = "avx512f")]
fn enter_f32(task: impl Task) {
    task.run();
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn enter_bf16(task: impl Task) {
    task.run();
}

macro_rules! avx512 {
    ($set:ty, parts: $parts:literal, $enter:ident, $part:expr, $mul_add:expr) => {
        // SAFETY: `enter` enables the set's target features; every other function executes one
        // AVX-512F instruction (`dot`: one of AVX512-BF16, which `enter_bf16` enables). Loads and
        // stores are the unaligned ones of 16 words, and `__m512` is 64 bytes of plain data.
        unsafe impl Isa for $set {
            type Words = __m512;
            type TileShapes = Regs32;
            const LANES: usize = 16;
            const PARTS: usize = $parts;

            unsafe fn enter(task: impl Task) {
                // SAFETY: the caller promises that the processor has the features that `$enter` enables.
                unsafe { $enter(task) }
            }

            #[inline(always)]
            unsafe fn zero() -> __m512 {
                // SAFETY: the caller promises AVX-512F, of which this is an instruction on registers.
                unsafe { _mm512_setzero_ps() }
            }

            #[inline(always)]
            unsafe fn splat(word: u32) -> __m512 {
                // SAFETY: the caller promises AVX-512F, of which this is an instruction on registers.
                unsafe { _mm512_set1_ps(f32::from_bits(word)) }
            }

            #[inline(always)]
            unsafe fn load(from: *const u32) -> __m512 {
                // SAFETY: the caller promises AVX-512F and 16 readable words; `loadu` needs no alignment.
                unsafe { _mm512_loadu_ps(from.cast()) }
            }

            #[inline(always)]
            unsafe fn store(to: *mut f32, sums: __m512) {
                // SAFETY: the caller promises AVX-512F and 16 writable words; `storeu` needs no alignment.
                unsafe { _mm512_storeu_ps(to, sums) }
            }

            #[inline(always)]
            unsafe fn add(a: __m512, b: __m512) -> __m512 {
                // SAFETY: the caller promises AVX-512F, of which this is an instruction on registers.
                unsafe { _mm512_add_ps(a, b) }
            }

            #[inline(always)]
            unsafe fn part(words: __m512, part: usize) -> __m512 {
                // SAFETY: the caller promises AVX-512F, of which this is an instruction on registers.
                unsafe { $part(words, part) }
            }

            #[inline(always)]
            unsafe fn mul_add(a: __m512, b: __m512, sums: __m512) -> __m512 {
                // SAFETY: the caller promises the set, which has this multiply-add.
                unsafe { $mul_add(a, b, sums) }
            }
        }
    };
}

/// The word is the operand.
///
/// # Safety
/// None needed; the signature is that of [`Isa::part`].
#[inline(always)]
unsafe fn whole(words: __m512, _: usize) -> __m512 {
    words
}

/// The high halves, then the low ones: the order in which `vdpbf16ps` adds its products.
///
/// # Safety
/// The processor has AVX-512F.
#[inline(always)]
unsafe fn half(words: __m512, part: usize) -> __m512 {
    // SAFETY: the caller promises AVX-512F; these instructions work on registers alone.
    unsafe {
        let words = _mm512_castps_si512(words);
        _mm512_castsi512_ps(if part == 0 {
            _mm512_and_si512(words, _mm512_set1_epi32(0xffff_0000_u32 as i32))
        } else {
            _mm512_slli_epi32::<16>(words)
        })
    }
}

/// `sums + a * b` of both halves, one rounding each.
///
/// # Safety
/// The processor has AVX512-BF16.
#[inline(always)]
unsafe fn dot(a: __m512, b: __m512, sums: __m512) -> __m512 {
    // SAFETY: the caller promises AVX512-BF16; `__m512` and `__m512bh` are both 512 bits of plain data.
    unsafe {
        let [a, b] = [a, b].map(|x| std::mem::transmute::<__m512, __m512bh>(x));
        _mm512_dpbf16_ps(sums, a, b)
    }
}

avx512!(Avx512, parts: 1, enter_f32, whole, _mm512_fmadd_ps);
avx512!(Avx512Widened, parts: 2, enter_f32, half, _mm512_fmadd_ps);
avx512!(Avx512Bf16, parts: 1, enter_bf16, whole, dot);
