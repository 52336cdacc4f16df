//! GEMMs whose weights are packed once and whose other operand is read where it lies.
//!
//! - [`gemm_nn`]: rows of activations times packed weights, summed over the taps of a convolution.
//! - [`gemm_tn`]: the gradient of those weights, a product over all rows.
//!
//! Both take activations as [`GemmScalar`]s, `f32` or `bf16`, and sum in `f32`. Both run one loop, over
//! 32-bit words (an `f32`, or two `bf16` neighbours of the sum) of a few rows and a panel of columns;
//! all sums of such a tile stay in registers through all taps, so that the destination is touched once.
//! The instruction set is chosen at run time: AVX-512, with the products of AVX512-BF16 where there
//! are any, AVX2 with FMA, SSE 4.2, NEON, and plain code; without AVX512-BF16 a `bf16` product
//! computes right but slower than an `f32` one.
//!
//! # Numerics
//! An element of the result sums its products in one order, taps and within them the depth ascending
//! (`bf16`: of each pair the second first), and is added to the destination at the end. In [`gemm_nn`]
//! that order, and so every bit, is the same for a row alone and for a row among others, and whatever
//! the number of threads that share the rows. It differs between instruction sets: some round each
//! product, and AVX512-BF16 takes denormals for zero.

mod bounds;
mod gemm_nn;
mod gemm_tn;
mod instruction_set;
mod isa;
mod microkernel;
mod packed_weights;
#[doc(hidden)]
pub mod reference;
mod scalar;
mod tiling;

#[doc(hidden)]
pub use instruction_set::InstructionSet;
pub use packed_weights::PackedWeights;
pub(crate) use scalar::Operand;
pub use scalar::{GemmScalar, Precision};

/// Taps of a convolution over rows: tap `j` reads the rows `j * stride` elements further on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTaps {
    /// Number of taps; 1 for a plain product.
    pub count: usize,
    /// Elements between the row that a tap reads and the row that the next tap reads.
    pub stride: usize,
}

impl ConvTaps {
    /// A plain product.
    pub const ONE: Self = Self { count: 1, stride: 0 };
}

/// Rows of activations in a slice: row `r` is `data[r * stride..][..depth]`.
#[derive(Clone, Copy, Debug)]
pub struct MatrixView<'a, E> {
    /// The elements.
    pub data: &'a [E],
    /// Elements from one row to the next; rows may overlap.
    pub stride: usize,
}

/// Whether a product replaces its destination or adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// `to = product`
    Overwrite,
    /// `to += product`
    Accumulate,
}

/// `to[r, n] (+)= Σ_tap Σ_k a[r * a.stride + tap * tap_stride + k] * weights[tap, k, n]` for `rows`
/// rows, the rows of `to` being `to_stride` apart.
///
/// # Panics
/// If an operand or the destination is too short, or destination rows overlap.
pub fn gemm_nn<E: GemmScalar>(
    rows: usize,
    a: MatrixView<'_, E>,
    tap_stride: usize,
    weights: &PackedWeights<E>,
    to: &mut [f32],
    to_stride: usize,
    into: OutputMode,
) {
    gemm_nn::gemm_nn(rows, a, tap_stride, weights, to, to_stride, into);
}

/// `grad[tap, k, n] += Σ_r a[r * a.stride + tap * taps.stride + k] * d[r * d.stride + n]` over `rows`
/// rows; `grad` is `[taps, depth, columns]`, row-major.
///
/// # Panics
/// If an operand or the destination is too short.
pub fn gemm_tn<E: GemmScalar>(
    rows: usize,
    a: MatrixView<'_, E>,
    taps: ConvTaps,
    d: MatrixView<'_, E>,
    [depth, columns]: [usize; 2],
    grad: &mut [f32],
) {
    gemm_tn_with(InstructionSet::best(), rows, a, taps, d, [depth, columns], grad);
}

/// [`gemm_tn`] with a given instruction set.
///
/// # Panics
/// As [`gemm_tn`], and if the processor does not have the set.
#[doc(hidden)]
pub fn gemm_tn_with<E: GemmScalar>(
    set: InstructionSet,
    rows: usize,
    a: MatrixView<'_, E>,
    taps: ConvTaps,
    d: MatrixView<'_, E>,
    [depth, columns]: [usize; 2],
    grad: &mut [f32],
) {
    gemm_tn::gemm_tn(set, rows, a, taps, d, [depth, columns], grad);
}
