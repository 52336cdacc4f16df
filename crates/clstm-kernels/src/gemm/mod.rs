//! Matrix products (GEMM) whose weights are packed once and whose other operand is read in place.
//!
//! - [`gemm_nn`]: rows of activations times [`PackedWeights`], summed over the taps of a convolution.
//! - [`gemm_tn`]: the gradient of those weights, a transposed product summed over all rows.
//!
//! Both take activations as [`GemmScalar`]s, `f32` or `bf16`, and sum in `f32`. Both run the same
//! micro-kernel: it multiplies a few rows by a panel of columns, reading 32-bit words (one `f32`, or
//! two neighbouring `bf16` terms of the sum). All sums of such a tile stay in registers through all
//! taps, so the output is written once. The instruction set is chosen at run time: AVX-512, with the
//! products of AVX512-BF16 where available, AVX2 with FMA, SSE 4.2, NEON, or scalar code. Without
//! AVX512-BF16 a `bf16` product is correct but slower than an `f32` one.
//!
//! # Numerics
//! An element of the result sums its products in a fixed order: taps ascending, and within a tap the
//! depth ascending (`bf16`: of each pair of terms the second comes first). The sum is added to the
//! output at the end. In [`gemm_nn`] this order, and therefore every bit, is the same for one row and
//! for many, and for any number of threads that share the rows. It differs between instruction sets:
//! SSE 4.2 and scalar code round each product before adding it, and AVX512-BF16 flushes denormals to
//! zero.
//!
//! # Empty operands
//! A size of 0 is allowed everywhere. A sum without terms is zero: [`gemm_nn`] then writes zeros or
//! leaves the output as it is, depending on its [`OutputMode`].

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

pub use gemm_nn::gemm_nn;
pub use gemm_tn::gemm_tn;
#[doc(hidden)]
pub use gemm_tn::gemm_tn_with;
pub use instruction_set::InstructionSet;
pub use packed_weights::PackedWeights;
pub use scalar::GemmScalar;
pub(crate) use scalar::Operand;

/// A matrix in a slice: element `(r, k)` is `data[r * stride + k]`.
///
/// Rows may overlap, as the windows of a convolution do.
#[derive(Clone, Copy, Debug)]
pub struct MatrixView<'a, E> {
    /// The elements.
    pub data: &'a [E],
    /// Number of rows.
    pub rows: usize,
    /// Elements of a row.
    pub columns: usize,
    /// Elements from the start of one row to the start of the next.
    pub stride: usize,
}

impl<'a, E> MatrixView<'a, E> {
    /// `rows` rows of `columns` elements without gaps between them.
    #[must_use]
    pub fn contiguous(data: &'a [E], rows: usize, columns: usize) -> Self {
        Self { data, rows, columns, stride: columns }
    }
}

/// Taps of a convolution over rows: tap `j` reads the rows that start `j * stride` elements later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTaps {
    /// Number of taps; 1 for a matrix product.
    pub count: usize,
    /// Elements between the row that one tap reads and the row that the next tap reads.
    pub stride: usize,
}

impl ConvTaps {
    /// A matrix product without convolution.
    pub const ONE: Self = Self { count: 1, stride: 0 };
}

/// Whether a product replaces its output or is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// `out = product`
    Overwrite,
    /// `out += product`
    Accumulate,
}

/// Operands of [`gemm_nn`].
#[derive(Debug)]
pub struct GemmArgs<'a, E: GemmScalar> {
    /// Activations of the first tap, `[rows, depth]`.
    pub a: MatrixView<'a, E>,
    /// Elements of `a.data` from one tap's rows to the next tap's; 0 for a matrix product. The number
    /// of taps is that of the weights.
    pub tap_stride: usize,
    /// Weights `[taps, depth, columns]`.
    pub weights: &'a PackedWeights<E>,
    /// Output; row `r` is `out[r * out_stride..][..columns]`, and what lies between rows stays.
    pub out: &'a mut [f32],
    /// Elements from the start of one output row to the start of the next, at least `columns`.
    pub out_stride: usize,
    /// Whether to replace the output or to add to it.
    pub mode: OutputMode,
}

/// Operands of [`gemm_tn`].
#[derive(Debug)]
pub struct GemmTnArgs<'a, E> {
    /// Activations of the first tap, `[rows, depth]`.
    pub a: MatrixView<'a, E>,
    /// Taps over `a`.
    pub taps: ConvTaps,
    /// Gradients of the outputs, `[rows, columns]`.
    pub d: MatrixView<'a, E>,
    /// Gradient of the weights `[taps, depth, columns]`, row-major, added to.
    pub grad: &'a mut [f32],
}
