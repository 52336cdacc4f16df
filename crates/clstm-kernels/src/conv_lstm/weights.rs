//! Weights in the order in which the products read them.

use std::borrow::Cow;

use super::input::InputWeights;
use super::state::StateWeights;
use super::{ConvLstmShape, InputNorm, Params, Peepholes};
use crate::batch_norm::Affine;
use crate::gemm::GemmScalar;

/// Weights of one layer, packed once per call in training and once per model at inference.
#[derive(Debug)]
pub(super) struct Weights<E: GemmScalar> {
    pub(super) input: InputWeights<E>,
    pub(super) state: StateWeights<E>,
    /// From raw input-to-state pre-activations to what enters the gates, `[4H]`, where no norm uses the
    /// statistics of the batch.
    pub(super) affine: Affine,
    /// `[3, P or 1, H]`; without peepholes `[3, 1, H]` of zeros.
    pub(super) peephole: Vec<f32>,
    /// From the peephole weights of one position to those of the next: `H`, or 0 if shared.
    pub(super) peephole_stride: usize,
}

impl<E: GemmScalar> Weights<E> {
    /// Packs the weights, also for the backward pass if `keep`. A fixed norm is folded into them.
    ///
    /// # Panics
    /// If a slice does not have the size given by `shape`.
    pub(super) fn new(
        shape: &ConvLstmShape,
        params: &Params<'_>,
        norm: &InputNorm<'_>,
        keep: bool,
    ) -> Self {
        shape.check_params(params);
        let (h, p) = (shape.filters, shape.positions());
        let positions = if shape.peepholes == Peepholes::Full { p } else { 1 };
        let mut peephole = vec![0.0; 3 * positions * h];
        if shape.peepholes != Peepholes::None {
            for gate in 0..3 {
                let from = &params.peephole[gate * h * positions..][..h * positions];
                let to = &mut peephole[gate * h * positions..][..h * positions];
                transpose(from, positions, to);
            }
        }
        let (w_x, bias) = fold(params, norm);
        Self {
            input: InputWeights::new(shape, &w_x, keep),
            state: StateWeights::new(shape, params.w_h, keep),
            affine: Affine::shift_only(&bias),
            peephole,
            peephole_stride: if positions > 1 { h } else { 0 },
        }
    }
}

/// The input weights and biases, with a fixed norm folded into them so that it costs nothing.
fn fold<'a>(params: &Params<'a>, norm: &InputNorm<'_>) -> (Cow<'a, [f32]>, Vec<f32>) {
    let InputNorm::Fixed { gamma, mean, variance, epsilon } = norm else {
        return (Cow::Borrowed(params.w_x), params.bias.to_vec());
    };
    let scale: Vec<f32> =
        gamma.iter().zip(*variance).map(|(g, v)| g / (v + epsilon).sqrt()).collect();
    let taps = params.w_x.len() / scale.len();
    let rows = params.w_x.chunks_exact(taps).zip(&scale);
    let w_x = rows.flat_map(|(row, s)| row.iter().map(move |w| w * s)).collect();
    let bias = params.bias.iter().zip(*mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
    (Cow::Owned(w_x), bias)
}

/// Weights with their innermost axis, the taps, reversed.
pub(super) fn reverse_taps(weights: &[f32], taps: usize) -> Vec<f32> {
    weights.chunks_exact(taps).flat_map(|taps| taps.iter().rev().copied()).collect()
}

/// Gradients `[taps, in, out]` to `[out, in, taps]`.
pub(super) fn taps_last(packed: &[f32], inputs: usize, taps: usize) -> Vec<f32> {
    let outputs = packed.len() / (inputs * taps);
    let mut weights = vec![0.0; packed.len()];
    if inputs == 1 || taps == 1 {
        transpose(packed, outputs, &mut weights);
        return weights;
    }
    let mut plane = vec![0.0; packed.len() / taps];
    for (tap, from) in packed.chunks_exact(inputs * outputs).enumerate() {
        transpose(from, outputs, &mut plane); // [out, in]
        for (to, value) in weights[tap..].iter_mut().step_by(taps).zip(&plane) {
            *to = *value;
        }
    }
    weights
}

/// `to[cols, rows] = from[rows, cols]^T`, in tiles that fit the first-level cache.
pub(super) fn transpose(from: &[f32], cols: usize, to: &mut [f32]) {
    const TILE: usize = 32;
    let rows = from.len() / cols;
    for row0 in (0..rows).step_by(TILE) {
        for col0 in (0..cols).step_by(TILE) {
            for col in col0..(col0 + TILE).min(cols) {
                for row in row0..(row0 + TILE).min(rows) {
                    to[col * rows + row] = from[row * cols + col];
                }
            }
        }
    }
}
