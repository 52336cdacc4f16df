//! A convolution over time and length, channels innermost, forward and backward.
//!
//! ```text
//! y[t, l, n] = Σ_i Σ_j Σ_c w[i, j, c, n] x[t S + i - before, l + j - left, c]
//! ```
//!
//! with zeros outside the utterance ("same" padding on both axes) and a stride `S` in time only: the
//! length is reduced by pooling.
//!
//! # Method
//! Each utterance is copied once between its zeros, its time steps sorted by their phase `t mod S`. A
//! tap in time is then one matrix product over all rows of the utterance, at any stride: consecutive
//! rows are one position apart, so the window of all taps along the length is one contiguous run of
//! memory. The `kL - 1` rows between two time steps are computed and discarded.

mod backward;
mod shape;

use half::bf16;
use rayon::prelude::*;

use crate::gemm::{GemmArgs, GemmScalar, MatrixView, OutputMode, PackedWeights, gemm_nn};
use crate::padding::rows_between_zeros;
use crate::{Buffer, Precision, threads};
pub use backward::backward;
pub use shape::Conv2dShape;

/// The convolution of `x` `[B, T, L, C]` with `w` `[kT, kL, C, H]`, written to `y`
/// `[B, ceil(T / S), L, H]`.
///
/// # Panics
/// If a size other than the batch is 0 or a slice does not have the length given by the shape.
pub fn forward(shape: &Conv2dShape, x: &[f32], w: &[f32], y: &mut [f32]) {
    shape.check(x, w, y);
    PreparedConv2d::new(shape, w).forward(shape, x, y);
}

/// Weights packed once for any number of [`PreparedConv2d::forward`] calls.
#[derive(Debug)]
pub struct PreparedConv2d(AnyWeights);

#[derive(Debug)]
enum AnyWeights {
    F32(Weights<f32>),
    Bf16(Weights<bf16>),
}

impl PreparedConv2d {
    /// Packs `w` `[kT, kL, C, H]` for products in the precision of `shape`.
    ///
    /// # Panics
    /// If `w` does not have the length given by the shape.
    #[must_use]
    pub fn new(shape: &Conv2dShape, w: &[f32]) -> Self {
        Self(match shape.precision {
            Precision::F32 => AnyWeights::F32(Weights::new(shape, w)),
            Precision::Bf16 => AnyWeights::Bf16(Weights::new(shape, w)),
        })
    }

    /// [`forward`] with these weights, for any batch and time.
    ///
    /// # Panics
    /// If a slice does not have the length given by the shape, or the weights have other sizes.
    pub fn forward(&self, shape: &Conv2dShape, x: &[f32], y: &mut [f32]) {
        match &self.0 {
            AnyWeights::F32(weights) => weights.forward(shape, x, y),
            AnyWeights::Bf16(weights) => weights.forward(shape, x, y),
        }
    }
}

/// Weights packed for the products of a precision.
#[derive(Debug)]
struct Weights<E: GemmScalar> {
    /// One `[kL * C, H]` for each tap in time.
    taps: Vec<PackedWeights<E>>,
}

impl<E: GemmScalar> Weights<E> {
    fn new(shape: &Conv2dShape, w: &[f32]) -> Self {
        let (window, h) = (shape.window(), shape.filters);
        assert_eq!(w.len(), shape.weights(), "conv_2d: weights are [kT, kL, C, H]");
        let pack = |tap: &[f32]| PackedWeights::pack([1, window, h], tap, [0, h, 1]);
        Self { taps: w.chunks_exact(window * h).map(pack).collect() }
    }

    fn forward(&self, shape: &Conv2dShape, x: &[f32], y: &mut [f32]) {
        let (padded, h) = (shape.padded_length(), shape.filters);
        let outputs = y.par_chunks_exact_mut(shape.output());
        threads::for_each(x.par_chunks_exact(shape.input()).zip(outputs), |(x, y)| {
            let input = pad_input::<E>(shape, x);
            let mut rows = Buffer::recycled(shape.rows() * h); // [T', L', H]
            for (tap, weights) in self.taps.iter().enumerate() {
                gemm_nn(GemmArgs {
                    a: tap_rows(shape, &input, tap),
                    tap_stride: 0,
                    weights,
                    out: &mut rows,
                    out_stride: h,
                    mode: if tap == 0 { OutputMode::Overwrite } else { OutputMode::Accumulate },
                });
            }
            let real = shape.length * h;
            for (y, rows) in y.chunks_exact_mut(real).zip(rows.chunks_exact(padded * h)) {
                y.copy_from_slice(&rows[..real]);
            }
        });
    }
}

/// An utterance `[T, L, C]` between its zeros, see [`Conv2dShape::padded`].
fn pad_input<E: GemmScalar>(shape: &Conv2dShape, x: &[f32]) -> Buffer<E> {
    let (step, before, left) =
        (shape.length * shape.channels, shape.before(), shape.left() * shape.channels);
    rows_between_zeros(shape.padded(), x, step, |t| shape.step_at(before + t) + left)
}

/// The windows that tap `tap` in time reads of a padded utterance, `[rows, kL * C]`.
fn tap_rows<'a, E>(shape: &Conv2dShape, input: &'a [E], tap: usize) -> MatrixView<'a, E> {
    MatrixView {
        data: &input[shape.step_at(tap)..],
        rows: shape.rows(),
        columns: shape.window(),
        stride: shape.channels,
    }
}
