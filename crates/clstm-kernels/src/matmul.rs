//! The one door to the GEMM library: `f32`, one thread, strided views of slices.

use gemm::{Parallelism, gemm};

/// A matrix seen in a slice: `data[row * row_stride + col * col_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) row_stride: usize,
    pub(crate) col_stride: usize,
}

impl<'a> View<'a> {
    /// Rows `row_stride` apart, columns adjacent.
    pub(crate) fn rows(data: &'a [f32], row_stride: usize) -> Self {
        Self { data, row_stride, col_stride: 1 }
    }

    /// The transpose of [`View::rows`].
    pub(crate) fn transposed(data: &'a [f32], row_stride: usize) -> Self {
        Self { data, row_stride: 1, col_stride: row_stride }
    }

    fn covers(&self, rows: usize, cols: usize) -> bool {
        rows == 0
            || cols == 0
            || (rows - 1) * self.row_stride + (cols - 1) * self.col_stride < self.data.len()
    }
}

/// Whether a product replaces its destination or adds to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Into {
    /// `dst = a b`
    Replace,
    /// `dst += a b`
    Add,
}

/// `dst[m, n] (+)= a[m, k] b[k, n]`, the rows of `dst` being `dst_stride` apart.
///
/// # Panics
/// If a view or the destination is too short for the sizes.
pub(crate) fn matmul(
    [m, k, n]: [usize; 3],
    dst: &mut [f32],
    dst_stride: usize,
    a: View<'_>,
    b: View<'_>,
    into: Into,
) {
    if m == 0 || n == 0 {
        return;
    }
    assert!((m - 1) * dst_stride + n <= dst.len(), "matmul: destination too short");
    assert!(dst_stride >= n, "matmul: overlapping destination rows");
    assert!(a.covers(m, k) && b.covers(k, n), "matmul: operand too short");
    let alpha = if into == Into::Add { 1.0 } else { 0.0 };
    // SAFETY: the assertions above keep every element that the product reads or writes inside its
    // slice; `dst` is borrowed mutably, so it overlaps neither operand, and its rows do not overlap.
    unsafe {
        gemm(
            m,
            n,
            k,
            dst.as_mut_ptr(),
            1,
            dst_stride as isize,
            into == Into::Add,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            alpha,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
