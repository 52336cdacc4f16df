//! The bounds check that the micro-kernels rely on.

/// Asserts that `len` elements hold every element of a tensor with these `(size, stride)`s.
///
/// A tensor with a size of 0 has no elements and fits any length.
///
/// # Panics
/// If an element lies outside.
pub(super) fn assert_in_bounds<const D: usize>(what: &str, len: usize, sizes: [(usize, usize); D]) {
    if sizes.iter().any(|(size, _)| *size == 0) {
        return;
    }
    let last = sizes.iter().try_fold(0_usize, |last, (size, stride)| {
        last.checked_add((size - 1).checked_mul(*stride)?)
    });
    assert!(
        last.is_some_and(|last| last < len),
        "gemm: {len} elements of {what} are too few for (size, stride) {sizes:?}"
    );
}
