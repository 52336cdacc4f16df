//! Weights in the order in which the GEMMs read them.

use super::{Params, Peepholes, Shape};
use crate::Buffer;

/// Weights of one layer, tap by tap, each tap a row-major `[in, 4H]` matrix.
#[derive(Debug)]
pub(super) struct Weights {
    /// `[kx, C, 4H]`
    pub(super) input: Buffer,
    /// `[kh, H, 4H]`
    pub(super) state: Buffer,
    /// `[4H]`
    pub(super) bias: Vec<f32>,
    /// `[3, P or 1, H]`; without peepholes `[3, 1, H]` of zeros.
    pub(super) peephole: Vec<f32>,
    /// Distance between the peephole weights of neighbouring positions: `H`, or 0 when shared.
    pub(super) peephole_stride: usize,
}

impl Weights {
    pub(super) fn new(shape: &Shape, params: &Params<'_>) -> Self {
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
        Self {
            input: taps_first(params.w_x, shape.channels, shape.kernel_input),
            state: taps_first(params.w_h, h, shape.kernel_state),
            bias: params.bias.to_vec(),
            peephole,
            peephole_stride: if positions > 1 { h } else { 0 },
        }
    }

    /// Scales column `n` of the input weights and shifts the bias: a fixed norm costs nothing then.
    pub(super) fn fold(&mut self, scale: &[f32], shift: &[f32]) {
        for row in self.input.chunks_exact_mut(scale.len()) {
            row.iter_mut().zip(scale).for_each(|(w, s)| *w *= s);
        }
        self.bias.iter_mut().zip(shift).for_each(|(b, s)| *b += s);
    }
}

/// `[out, in, taps]` to `[taps, in, out]`.
fn taps_first(weights: &[f32], inputs: usize, taps: usize) -> Buffer {
    let mut packed = Buffer::any(weights.len());
    transpose(weights, inputs * taps, &mut packed); // [in, taps, out]
    if taps == 1 || inputs == 1 {
        return packed;
    }
    let outputs = weights.len() / (inputs * taps);
    let mut reordered = Buffer::any(weights.len());
    for (row, from) in packed.chunks_exact(outputs).enumerate() {
        let (input, tap) = (row / taps, row % taps);
        reordered[(tap * inputs + input) * outputs..][..outputs].copy_from_slice(from);
    }
    reordered
}

/// Gradients `[taps, in, out]` back to `[out, in, taps]`.
pub(super) fn taps_last(packed: &[f32], inputs: usize, taps: usize) -> Vec<f32> {
    let outputs = packed.len() / (inputs * taps);
    let mut weights = vec![0.0; packed.len()];
    for (row, from) in packed.chunks_exact(outputs).enumerate() {
        let (tap, input) = (row / inputs, row % inputs);
        for (output, value) in from.iter().enumerate() {
            weights[(output * inputs + input) * taps + tap] = *value;
        }
    }
    weights
}

/// `to[cols, rows] = from[rows, cols]^T`, in tiles that stay in the first-level cache.
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
