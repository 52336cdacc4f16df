//! Activations times packed weights.

use super::bounds::assert_in_bounds;
use super::microkernel::{Tile, WORD, run_tile};
use super::tiling::{even_runs, panels};
use super::{GemmArgs, GemmScalar, OutputMode, PackedWeights};

/// `out[r, n] (+)= Σ_tap Σ_k a[r * a.stride + tap * tap_stride + k] * weights[tap, k, n]`.
///
/// # Panics
/// If an operand or the output is too short, output rows overlap, or `a` does not have the depth of
/// the weights.
pub fn gemm_nn<E: GemmScalar>(args: GemmArgs<'_, E>) {
    let GemmArgs { a, tap_stride, weights, out, out_stride, mode } = args;
    let PackedWeights { taps, depth, columns, ref kernels, ref words, .. } = *weights;
    assert_eq!(a.columns, depth, "gemm_nn: depth of a and of the weights");
    assert_in_bounds("a", a.data.len(), [(a.rows, a.stride), (taps, tap_stride), (depth, 1)]);
    assert_in_bounds("the output", out.len(), [(a.rows, out_stride), (columns, 1)]);
    assert!(a.rows < 2 || out_stride >= columns, "gemm_nn: output rows overlap");
    if a.rows == 0 || columns == 0 {
        return;
    }
    if taps == 0 || depth == 0 {
        // Nothing bounds the length of `a` here: the micro-kernel must not compute addresses in it.
        if mode == OutputMode::Overwrite {
            (0..a.rows).for_each(|r| out[r * out_stride..][..columns].fill(0.0));
        }
        return;
    }
    let words_per_tap = depth.div_ceil(E::PER_WORD);
    let mut packed = &words[..];
    for (first, width, vectors) in panels(kernels, columns) {
        let (panel, rest) = packed.split_at(taps * words_per_tap * vectors * kernels.lanes);
        packed = rest;
        for (row, height) in even_runs(a.rows, (kernels.height)(vectors)) {
            let tile = Tile {
                a: a.data[row * a.stride..].as_ptr().cast(),
                a_row: a.stride * size_of::<E>(),
                a_term: WORD,
                a_tap: tap_stride * size_of::<E>(),
                taps,
                words: depth / E::PER_WORD,
                tail: depth % E::PER_WORD != 0,
                panel: panel.as_ptr(),
                out: out[row * out_stride + first..].as_mut_ptr(),
                out_stride,
                accumulate: mode == OutputMode::Accumulate,
            };
            let kernel = (kernels.nn)(height, vectors);
            // SAFETY: `MicroKernels` exist only for instruction sets of this processor. The bounds
            // asserted above keep the element of every row, tap and term inside `a` and that of every
            // row and column inside `out`, which is borrowed mutably. `panel` holds
            // `taps * words_per_tap` rows of `vectors` vectors.
            unsafe { run_tile(kernel, &tile, height, width, vectors * kernels.lanes) };
        }
    }
}
