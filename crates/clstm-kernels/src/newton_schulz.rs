//! The nearest orthogonal matrix, nearly: Newton-Schulz iterations, products alone.
//!
//! Five steps of `X ← aX + bAX + cA²X` with `A = X Xᵀ`, from `X` over its Frobenius norm, move every singular
//! value that is not tiny to about one and leave the singular vectors as they are (Jordan et al., *Muon*, 2024,
//! <https://kellerjordan.github.io/posts/muon/>; Bernstein & Newhouse 2024, <https://arxiv.org/abs/2409.20325>).
//! An optimiser turns the momentum of a weight matrix so into a step of the same length in every direction.

use half::bf16;

use crate::gemm::{GemmScalar, MatrixView, Operand, OutputMode, PackedWeights, gemm_nn};
use crate::{Buffer, Precision};

/// `a`, `b` and `c`: the steepest start that ends with all values in about `[0.7, 1.2]`, as Jordan et al. chose them.
const COEFFICIENTS: [f32; 3] = [3.4445, -4.775, 2.0315];

/// Steps: a singular value of 0.01 of the norm comes above 0.7 with five.
const STEPS: usize = 5;

/// Keeps a matrix of zeros what it is.
const EPSILON: f32 = 1e-7;

/// Replaces `x` `[rows, columns]` by `U S Vᵀ` where it was `U Σ Vᵀ`, the values of `S` being about one.
///
/// The operands of the products are rounded to `precision`; what five steps do to a singular value is far
/// coarser than bf16's 8 bits. Values below `1e-4` of the norm in `f32`, or `1e-2` in bf16, stay below one.
///
/// # Panics
/// If `x` has not the length of the matrix, or a size is 0.
pub fn orthogonalize(precision: Precision, [rows, columns]: [usize; 2], x: &mut [f32]) {
    assert!(rows * columns > 0 && x.len() == rows * columns, "x is not {rows} by {columns}");
    if rows <= columns {
        return iterate(precision, [rows, columns], x);
    }
    // The products of the shorter side are the cheaper ones.
    let mut turned = Buffer::recycled(x.len());
    transpose([rows, columns], x, &mut turned);
    iterate(precision, [columns, rows], &mut turned);
    transpose([columns, rows], &turned, x);
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
    let left = MatrixView { data: &left, stride: depth };
    gemm_nn(rows, left, 0, &right, to, columns, OutputMode::Overwrite);
}
