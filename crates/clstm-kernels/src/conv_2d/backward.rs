//! Gradients of the convolution.

use half::bf16;
use rayon::prelude::*;

use super::{Conv2dShape, pad_input, tap_rows};
use crate::gemm::{
    ConvTaps, GemmArgs, GemmScalar, GemmTnArgs, MatrixView, OutputMode, PackedWeights, gemm_nn,
    gemm_tn,
};
use crate::padding::rows_between_zeros;
use crate::{Buffer, Precision, UTTERANCES_PER_GRADIENT};

/// Gradients of [`forward`](super::forward) given `dy` `[B, ceil(T / S), L, H]`: returns that of the
/// weights `[kT, kL, C, H]` and writes that of the input to `dx` `[B, T, L, C]` if given.
///
/// Sums over utterances are taken in their order: the result does not depend on the number of threads.
///
/// # Panics
/// As [`forward`](super::forward).
#[must_use]
pub fn backward(
    shape: &Conv2dShape,
    x: &[f32],
    w: &[f32],
    dy: &[f32],
    dx: Option<&mut [f32]>,
) -> Vec<f32> {
    shape.check(x, w, dy);
    match shape.precision {
        Precision::F32 => backward_in::<f32>(shape, x, w, dy, dx),
        Precision::Bf16 => backward_in::<bf16>(shape, x, w, dy, dx),
    }
}

fn backward_in<E: GemmScalar>(
    shape: &Conv2dShape,
    x: &[f32],
    w: &[f32],
    dy: &[f32],
    mut dx: Option<&mut [f32]>,
) -> Vec<f32> {
    const BLOCK: usize = UTTERANCES_PER_GRADIENT;
    let transposed = dx.is_some().then(|| TransposedWeights::<E>::new(shape, w));
    let inputs: Vec<Option<&mut [f32]>> = match &mut dx {
        Some(dx) => dx.chunks_mut(BLOCK * shape.input()).map(Some).collect(),
        None => (0..shape.batch.div_ceil(BLOCK)).map(|_| None).collect(),
    };
    let tasks = x.par_chunks(BLOCK * shape.input()).zip(dy.par_chunks(BLOCK * shape.output()));
    let sums: Vec<Buffer> = tasks
        .zip(inputs)
        .map(|((x, dy), mut dx)| {
            let mut gradient = Buffer::zeros(shape.weights());
            let utterances =
                x.chunks_exact(shape.input()).zip(dy.chunks_exact(shape.output())).enumerate();
            for (i, (x, dy)) in utterances {
                let d = pad_output::<E>(shape, dy);
                add_weight_gradient(shape, &pad_input::<E>(shape, x), &d, &mut gradient);
                if let (Some(dx), Some(transposed)) = (&mut dx, &transposed) {
                    transposed.apply(shape, &d, &mut dx[i * shape.input()..][..shape.input()]);
                }
            }
            gradient
        })
        .collect();
    let mut gradient = vec![0.0; shape.weights()];
    for sum in sums {
        gradient.iter_mut().zip(&sum[..]).for_each(|(to, sum)| *to += sum);
    }
    gradient
}

/// The output's gradient `[T', L, H]` with `kL - 1` zero rows before, between and after the steps:
/// `[kL - 1 + T' L', H]`.
fn pad_output<E: GemmScalar>(shape: &Conv2dShape, dy: &[f32]) -> Buffer<E> {
    let (h, zeros) = (shape.filters, shape.kernel_length - 1);
    let padded = shape.padded_length();
    let len = (zeros + shape.rows()) * h;
    rows_between_zeros(len, dy, shape.length * h, |t| (zeros + t * padded) * h)
}

fn add_weight_gradient<E: GemmScalar>(
    shape: &Conv2dShape,
    input: &[E],
    d: &[E],
    gradient: &mut [f32],
) {
    let h = shape.filters;
    // The rows between two time steps are multiplied by zeros.
    let d = MatrixView::contiguous(&d[(shape.kernel_length - 1) * h..], shape.rows(), h);
    for (tap, grad) in gradient.chunks_exact_mut(shape.window() * h).enumerate() {
        gemm_tn(GemmTnArgs { a: tap_rows(shape, input, tap), taps: ConvTaps::ONE, d, grad });
    }
}

/// Weights for the gradient of the input.
struct TransposedWeights<E: GemmScalar> {
    /// One `[kL * H, C]` for each tap in time, the taps along the length reversed.
    taps: Vec<PackedWeights<E>>,
}

impl<E: GemmScalar> TransposedWeights<E> {
    fn new(shape: &Conv2dShape, w: &[f32]) -> Self {
        let (h, c, taps) = (shape.filters, shape.channels, shape.kernel_length);
        let mut reversed = Buffer::recycled(shape.window() * h);
        let pack = |tap: &[f32]| {
            // `[kL, C, H]` to `[kL reversed, H, C]`.
            for (j, to) in reversed.chunks_exact_mut(h * c).enumerate() {
                let from = &tap[(taps - 1 - j) * c * h..][..c * h];
                for (n, to) in to.chunks_exact_mut(c).enumerate() {
                    to.iter_mut().enumerate().for_each(|(k, to)| *to = from[k * h + n]);
                }
            }
            PackedWeights::pack([1, taps * h, c], &reversed, [0, c, 1])
        };
        Self { taps: w.chunks_exact(shape.window() * h).map(pack).collect() }
    }

    /// From the padded gradient of an utterance's output to that of its input `[T, L, C]`.
    fn apply(&self, shape: &Conv2dShape, d: &[E], dx: &mut [f32]) {
        let (c, before) = (shape.channels, shape.before());
        let a = MatrixView {
            data: d,
            rows: shape.rows(),
            columns: shape.kernel_length * shape.filters,
            stride: shape.filters,
        };
        let mut padded = Buffer::zeros(shape.padded());
        for (tap, weights) in self.taps.iter().enumerate() {
            gemm_nn(GemmArgs {
                a,
                tap_stride: 0,
                weights,
                out: &mut padded[shape.step_at(tap)..],
                out_stride: c,
                mode: OutputMode::Accumulate,
            });
        }
        let step = shape.length * c;
        for (t, dx) in dx.chunks_exact_mut(step).enumerate() {
            dx.copy_from_slice(&padded[shape.step_at(before + t) + shape.left() * c..][..step]);
        }
    }
}
