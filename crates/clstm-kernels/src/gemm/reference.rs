//! Scalar reference implementations, written as the definitions read. All others are tested against them.

use super::{GemmScalar, MatrixView, OutputMode};
use crate::gemm::GemmTnArgs;

/// Operands of [`gemm_nn`]: those of [`super::GemmArgs`] with unpacked weights.
#[derive(Debug)]
pub struct ReferenceArgs<'a, E> {
    /// Activations of the first tap, `[rows, depth]`.
    pub a: MatrixView<'a, E>,
    /// Elements from one tap's rows to the next tap's.
    pub tap_stride: usize,
    /// Number of taps.
    pub taps: usize,
    /// Weights `[taps, depth, columns]`, row-major; rounded to `E` here.
    pub weights: &'a [f32],
    /// Columns of the weights and of the output.
    pub columns: usize,
    /// Output, rows `out_stride` apart.
    pub out: &'a mut [f32],
    /// Elements from one output row to the next.
    pub out_stride: usize,
    /// Whether to replace the output or to add to it.
    pub mode: OutputMode,
}

/// [`super::gemm_nn`].
pub fn gemm_nn<E: GemmScalar>(args: ReferenceArgs<'_, E>) {
    let ReferenceArgs { a, tap_stride, taps, weights, columns, out, out_stride, mode } = args;
    for r in 0..a.rows {
        let out = &mut out[r * out_stride..][..columns];
        if mode == OutputMode::Overwrite {
            out.fill(0.0);
        }
        for k in 0..taps * a.columns {
            let x = a.data[r * a.stride + k / a.columns * tap_stride + k % a.columns].to_f32();
            let weights = &weights[k * columns..][..columns];
            out.iter_mut().zip(weights).for_each(|(out, w)| *out += x * E::from_f32(*w).to_f32());
        }
    }
}

/// [`super::gemm_tn`].
pub fn gemm_tn<E: GemmScalar>(args: GemmTnArgs<'_, E>) {
    let GemmTnArgs { a, taps, d, grad } = args;
    for r in 0..a.rows {
        for k in 0..taps.count * a.columns {
            let x = a.data[r * a.stride + k / a.columns * taps.stride + k % a.columns].to_f32();
            let grad = &mut grad[k * d.columns..][..d.columns];
            for (n, grad) in grad.iter_mut().enumerate() {
                *grad += x * d.data[r * d.stride + n].to_f32();
            }
        }
    }
}
