//! The scalar twins, written as the definitions read; every other path is tested against them.

use super::{ConvTaps, GemmScalar, MatrixView, OutputMode};

/// [`super::gemm_nn`] with weights `[taps, depth, columns]`, row-major, rounded to `E`.
#[allow(clippy::too_many_arguments, reason = "the sizes beside what `super::gemm_nn` takes")]
pub fn gemm_nn<E: GemmScalar>(
    rows: usize,
    a: MatrixView<'_, E>,
    tap_stride: usize,
    [taps, depth, columns]: [usize; 3],
    weights: &[f32],
    to: &mut [f32],
    to_stride: usize,
    into: OutputMode,
) {
    for r in 0..rows {
        let to = &mut to[r * to_stride..][..columns];
        if into == OutputMode::Overwrite {
            to.fill(0.0);
        }
        for tap in 0..taps {
            let a = &a.data[r * a.stride + tap * tap_stride..][..depth];
            for (k, a) in a.iter().enumerate() {
                let w = &weights[(tap * depth + k) * columns..][..columns];
                for (to, w) in to.iter_mut().zip(w) {
                    *to += a.to_f32() * E::from_f32(*w).to_f32();
                }
            }
        }
    }
}

/// See [`super::gemm_tn`].
pub fn gemm_tn<E: GemmScalar>(
    rows: usize,
    a: MatrixView<'_, E>,
    taps: ConvTaps,
    d: MatrixView<'_, E>,
    [depth, columns]: [usize; 2],
    grad: &mut [f32],
) {
    for r in 0..rows {
        let d = &d.data[r * d.stride..][..columns];
        for tap in 0..taps.count {
            let a = &a.data[r * a.stride + tap * taps.stride..][..depth];
            for (k, a) in a.iter().enumerate() {
                let grad = &mut grad[(tap * depth + k) * columns..][..columns];
                grad.iter_mut().zip(d).for_each(|(grad, d)| *grad += a.to_f32() * d.to_f32());
            }
        }
    }
}
