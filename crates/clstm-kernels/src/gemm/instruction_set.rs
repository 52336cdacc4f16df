//! The instruction sets that the micro-kernels are compiled for, and the choice among them.

use std::fmt;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

#[cfg(target_arch = "x86_64")]
use super::isa::{Avx512, Avx512Bf16, Avx512Widened};
use super::isa::{Isa, Portable, Widened};
use super::microkernel::{ColMajor, MicroKernel, RowMajor, TileShapes};
use crate::Precision;

/// A CPU instruction set that the micro-kernels are compiled for. Records of runs name it in lower case: `avx512-bf16`, `avx2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum InstructionSet {
    /// AVX-512F with AVX512-BF16.
    Avx512Bf16,
    /// AVX-512F; `bf16` is widened.
    Avx512,
    /// AVX2 with FMA; `bf16` is widened.
    Avx2,
    /// SSE 4.2; products are rounded before they are added (no FMA).
    Sse42,
    /// NEON.
    Neon,
    /// One lane; products are rounded before they are added.
    Scalar,
}

impl InstructionSet {
    /// The sets that this processor has, the fastest first.
    #[must_use]
    pub fn available() -> &'static [Self] {
        static AVAILABLE: OnceLock<Vec<InstructionSet>> = OnceLock::new();
        AVAILABLE.get_or_init(|| {
            let mut sets = Vec::new();
            #[cfg(target_arch = "x86_64")]
            {
                if is_x86_feature_detected!("avx512f") {
                    if is_x86_feature_detected!("avx512bf16") {
                        sets.push(Self::Avx512Bf16);
                    }
                    sets.push(Self::Avx512);
                }
                if pulp::x86::V3::is_available() {
                    sets.push(Self::Avx2);
                }
                if pulp::x86::V2::is_available() {
                    sets.push(Self::Sse42);
                }
            }
            #[cfg(target_arch = "aarch64")]
            if pulp::aarch64::Neon::is_available() {
                sets.push(Self::Neon);
            }
            sets.push(Self::Scalar);
            sets
        })
    }

    /// The best set that this processor has.
    #[must_use]
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// The name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512Bf16 => "AVX-512 with BF16",
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2 with FMA",
            Self::Sse42 => "SSE 4.2",
            Self::Neon => "NEON",
            Self::Scalar => "scalar",
        }
    }

    /// The micro-kernels of this set.
    ///
    /// # Panics
    /// If the processor does not have the set.
    pub(super) fn micro_kernels(self, precision: Precision) -> MicroKernels {
        assert!(Self::available().contains(&self), "gemm: this processor has no {self:?}");
        // SAFETY: the processor has the set, as `available` detected it: each arm names the `Isa` of
        // its own set, and `available` lists a set of `pulp` only if `pulp` detects it.
        // Scalar code runs everywhere.
        unsafe {
            match (self, precision) {
                #[cfg(target_arch = "x86_64")]
                (Self::Avx512Bf16 | Self::Avx512, Precision::F32) => MicroKernels::of::<Avx512>(),
                #[cfg(target_arch = "x86_64")]
                (Self::Avx512Bf16, Precision::Bf16) => MicroKernels::of::<Avx512Bf16>(),
                #[cfg(target_arch = "x86_64")]
                (Self::Avx512, Precision::Bf16) => MicroKernels::of::<Avx512Widened>(),
                #[cfg(target_arch = "x86_64")]
                (Self::Avx2, Precision::F32) => MicroKernels::of::<Portable<pulp::x86::V3>>(),
                #[cfg(target_arch = "x86_64")]
                (Self::Avx2, Precision::Bf16) => MicroKernels::of::<Widened<pulp::x86::V3>>(),
                #[cfg(target_arch = "x86_64")]
                (Self::Sse42, Precision::F32) => MicroKernels::of::<Portable<pulp::x86::V2>>(),
                #[cfg(target_arch = "x86_64")]
                (Self::Sse42, Precision::Bf16) => MicroKernels::of::<Widened<pulp::x86::V2>>(),
                #[cfg(target_arch = "aarch64")]
                (Self::Neon, Precision::F32) => MicroKernels::of::<Portable<pulp::aarch64::Neon>>(),
                #[cfg(target_arch = "aarch64")]
                (Self::Neon, Precision::Bf16) => MicroKernels::of::<Widened<pulp::aarch64::Neon>>(),
                (_, Precision::F32) => MicroKernels::of::<Portable<pulp::Scalar>>(),
                (_, Precision::Bf16) => MicroKernels::of::<Widened<pulp::Scalar>>(),
            }
        }
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The micro-kernels of an instruction set. A value exists only if the processor has that set.
#[derive(Clone, Copy, Debug)]
pub(super) struct MicroKernels {
    /// Columns of a vector.
    pub(super) lanes: usize,
    /// Vectors of the widest tile.
    pub(super) vectors: usize,
    /// Rows of the highest tile of a given width in vectors.
    pub(super) height: fn(usize) -> usize,
    /// The kernel of `(rows, vectors)` for a row-major left operand ([`super::gemm_nn`]).
    pub(super) nn: fn(usize, usize) -> MicroKernel,
    /// The kernel of `(rows, vectors)` for a transposed left operand ([`super::gemm_tn`]).
    pub(super) tn: fn(usize, usize) -> MicroKernel,
}

impl MicroKernels {
    /// The kernels of `I`.
    ///
    /// # Safety
    /// The processor has the instruction set of `I`.
    unsafe fn of<I: Isa>() -> Self {
        Self {
            lanes: I::LANES,
            vectors: I::TileShapes::VECTORS,
            height: I::TileShapes::height,
            nn: I::TileShapes::kernel::<I, RowMajor>,
            tn: I::TileShapes::kernel::<I, ColMajor>,
        }
    }
}
