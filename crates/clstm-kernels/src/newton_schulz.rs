//! The nearest orthogonal matrix, approximately, by Newton-Schulz iterations: matrix products only.
//!
//! Five steps of `X ← aX + bAX + cA²X` with `A = X Xᵀ`, starting from `X` divided by its Frobenius norm,
//! move every singular value that is not tiny close to one and keep the singular vectors (Jordan et al.,
//! *Muon*, 2024, <https://kellerjordan.github.io/posts/muon/>; Bernstein & Newhouse 2024,
//! <https://arxiv.org/abs/2409.20325>). The Muon optimiser thereby turns the momentum of a weight matrix
//! into a step of the same length in every direction.

use half::bf16;

use crate::gemm::{GemmArgs, GemmScalar, MatrixView, Operand, OutputMode, PackedWeights, gemm_nn};
use crate::{Buffer, Precision};

/// `a`, `b` and `c` of Jordan et al.: the steepest start for which all singular values end in about
/// `[0.7, 1.2]`.
const COEFFICIENTS: [f32; 3] = [3.4445, -4.775, 2.0315];

/// Steps: five take a singular value of 0.01 of the norm above 0.7.
const STEPS: usize = 5;

/// Added to the norm, so that a matrix of zeros stays one.
const EPSILON: f32 = 1e-7;

/// Replaces `x` `[rows, columns]`, which is `U Σ Vᵀ`, by `U S Vᵀ` with singular values `S` near one.
///
/// The operands of the products are rounded to `precision`; what five steps leave of a singular value's
/// error is far coarser than bf16's 8 bits. Values below `1e-4` of the norm in `f32`, or `1e-2` in bf16,
/// stay below one.
///
/// # Panics
/// If `x` does not have `rows * columns` elements, or a size is 0.
pub fn orthogonalize(precision: Precision, [rows, columns]: [usize; 2], x: &mut [f32]) {
    assert!(rows * columns > 0 && x.len() == rows * columns, "x is not {rows} by {columns}");
    if rows <= columns {
        return iterate(precision, [rows, columns], x);
    }
    // The products over the shorter side are cheaper.
    let mut transposed = Buffer::recycled(x.len());
    transpose([rows, columns], x, &mut transposed);
    iterate(precision, [columns, rows], &mut transposed);
    transpose([columns, rows], &transposed, x);
}

fn transpose([rows, columns]: [usize; 2], from: &[f32], to: &mut [f32]) {
    for (r, row) in from.chunks_exact(columns).enumerate() {
        row.iter().enumerate().for_each(|(c, value)| to[c * rows + r] = *value);
    }
}

fn iterate(precision: Precision, sizes: [usize; 2], x: &mut [f32]) {
    let square: f64 = x.iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
    let scale = 1.0 / (square.sqrt() as f32 + EPSILON);
    x.iter_mut().for_each(|v| *v *= scale);
    for _ in 0..STEPS {
        match precision {
            Precision::F32 => step::<f32>(sizes, x),
            Precision::Bf16 => step::<bf16>(sizes, x),
        }
    }
}

/// One step on `x` `[m, n]`, `m ≤ n`.
fn step<E: GemmScalar>([m, n]: [usize; 2], x: &mut [f32]) {
    let [a, b, c] = COEFFICIENTS;
    let mut gram = Buffer::recycled(m * m); // [m, m]
    product::<E>([m, n, m], x, x, [1, n], &mut gram);
    let mut factor = Buffer::recycled(m * m); // [m, m]
    product::<E>([m, m, m], &gram, &gram, [m, 1], &mut factor);
    for (i, (factor, gram)) in factor.iter_mut().zip(gram.iter()).enumerate() {
        let identity = if i % (m + 1) == 0 { a } else { 0.0 };
        *factor = identity + b * gram + c * *factor;
    }
    let mut moved = Buffer::recycled(m * n); // [m, n]
    product::<E>([m, m, n], &factor, x, [n, 1], &mut moved);
    x.copy_from_slice(&moved);
}

/// `to[r, j] = Σ_k left[r, k] right[k * strides[0] + j * strides[1]]` for `[rows, depth, columns]`.
fn product<E: GemmScalar>(
    [rows, depth, columns]: [usize; 3],
    left: &[f32],
    right: &[f32],
    strides: [usize; 2],
    to: &mut [f32],
) {
    let right = PackedWeights::<E>::pack([1, depth, columns], right, [0, strides[0], strides[1]]);
    let left = Operand::<E>::of(left);
    gemm_nn(GemmArgs {
        a: MatrixView::contiguous(&left, rows, depth),
        tap_stride: 0,
        weights: &right,
        out: to,
        out_stride: columns,
        mode: OutputMode::Overwrite,
    });
}
