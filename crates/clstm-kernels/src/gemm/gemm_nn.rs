//! Activations times packed weights.

use super::bounds::assert_in_bounds;
use super::microkernel::{Tile, WORD, run};
use super::tiling::{panels, runs};
use super::{GemmScalar, MatrixView, OutputMode, PackedWeights};

/// See [`super::gemm_nn`].
pub(super) fn gemm_nn<E: GemmScalar>(
    rows: usize,
    a: MatrixView<'_, E>,
    tap_stride: usize,
    weights: &PackedWeights<E>,
    to: &mut [f32],
    to_stride: usize,
    into: OutputMode,
) {
    let PackedWeights { taps, depth, columns, ref tiles, ref words, .. } = *weights;
    assert_in_bounds("a", a.data.len(), [(rows, a.stride), (taps, tap_stride), (depth, 1)]);
    assert_in_bounds("the destination", to.len(), [(rows, to_stride), (columns, 1)]);
    assert!(rows < 2 || to_stride >= columns, "gemm: overlapping destination rows");
    let per_tap = depth.div_ceil(E::PER_WORD);
    let mut panel = &words[..];
    for (first, width, vectors) in panels(tiles, columns) {
        let (b, rest) = panel.split_at(taps * per_tap * vectors * tiles.lanes);
        panel = rest;
        for (row, height) in runs(rows, (tiles.height)(vectors)) {
            let tile = Tile {
                // Without taps or depth `a` may hold nothing, and nothing is read of it.
                a: a.data.get(row * a.stride..).unwrap_or_default().as_ptr().cast(),
                a_row: a.stride * size_of::<E>(),
                a_term: WORD,
                a_tap: tap_stride * size_of::<E>(),
                taps,
                words: depth / E::PER_WORD,
                tail: depth % E::PER_WORD != 0,
                b: b.as_ptr(),
                to: to[row * to_stride + first..].as_mut_ptr(),
                to_stride,
                add: into == OutputMode::Accumulate,
            };
            let kernel = (tiles.nn)(height, vectors);
            // SAFETY: `MicroKernels` are of this processor. The checks above keep the elements of every
            // row, tap and term in `a` and those of every row and column in `to`, which nothing else
            // sees; `b` is a panel of `taps * per_tap` rows of `vectors` vectors.
            unsafe { run(kernel, &tile, height, width, vectors * tiles.lanes) };
        }
    }
}
