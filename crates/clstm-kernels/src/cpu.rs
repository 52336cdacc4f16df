//! What the processor can do, as far as it decides settings outside of this crate.

use crate::gemm::InstructionSet;

/// Whether the processor multiplies bf16 numbers itself (AVX512-BF16).
///
/// Without such instructions products in bf16 are computed correctly, but slower than in `f32`.
#[must_use]
pub fn has_native_bf16() -> bool {
    InstructionSet::best() == InstructionSet::Avx512Bf16
}
