//! A group of utterances: its padded input, its states, and the convolutions over them.

use std::ops::Range;

use super::Shape;
use super::pack::Weights;
use crate::Buffer;
use crate::matmul::{Into, View, matmul};

/// One group's memory. Rows are `(position, utterance)`, the utterance running faster.
#[derive(Debug)]
pub(super) struct Group {
    /// Utterances in this group, G.
    pub(super) size: usize,
    /// Padded input: `[T, L', G, C]`; with one channel `[G, T, L']`.
    pub(super) input: Buffer,
    /// Raw input-to-state pre-activations `[T, P, G, 4H]`, where they are normalised.
    pub(super) pre: Option<Buffer>,
    /// Gates after their activation `[T, P, G, 4H]`; the backward pass turns them into gradients.
    pub(super) gates: Buffer,
    /// Cell states `[T + 1, P, G, H]`, the first zero.
    pub(super) cells: Buffer,
    /// Padded hidden states `[T + 1, P', G, H]`, the first zero.
    pub(super) hidden: Buffer,
}

/// Cuts a batch into groups of nearly equal size, none larger than [`crate::GROUP`].
pub(super) fn group_ranges(batch: usize) -> Vec<Range<usize>> {
    let count = batch.div_ceil(crate::GROUP);
    (0..count).map(|i| i * batch / count..(i + 1) * batch / count).collect()
}

impl Group {
    /// Copies the group's part of `x` `[G, T, L, C]` between its zero paddings.
    pub(super) fn pack_input(shape: &Shape, size: usize, x: &[f32]) -> Buffer {
        let Shape { time, channels, length, .. } = *shape;
        let (padded, left) = (shape.padded_length(), shape.input_padding() / 2);
        let mut input = Buffer::zeros(size * time * padded * channels);
        for (segment, from) in x.chunks_exact(length * channels).enumerate() {
            let (g, t) = (segment / time, segment % time);
            if channels == 1 {
                input[segment * padded + left..][..length].copy_from_slice(from);
            } else {
                for (l, from) in from.chunks_exact(channels).enumerate() {
                    let row = (t * padded + left + l) * size + g;
                    input[row * channels..][..channels].copy_from_slice(from);
                }
            }
        }
        input
    }

    /// Floats of one step's gates.
    pub(super) fn gates_len(&self, shape: &Shape) -> usize {
        shape.positions() * self.size * 4 * shape.filters
    }

    /// Floats of one step's cell states.
    pub(super) fn state_len(&self, shape: &Shape) -> usize {
        shape.positions() * self.size * shape.filters
    }

    /// Floats of one step's padded hidden states.
    pub(super) fn hidden_len(&self, shape: &Shape) -> usize {
        shape.padded_positions() * self.size * shape.filters
    }

    /// Offset of the first unpadded row of a padded hidden state.
    pub(super) fn hidden_left(&self, shape: &Shape) -> usize {
        (shape.kernel_state - 1) / 2 * self.size * shape.filters
    }

    /// `[T, P, G, H]` (steps `step` floats apart, 0 for adjacent) to `[G, T, P, H]`.
    pub(super) fn unpack_states(&self, shape: &Shape, from: &[f32], step: usize, to: &mut [f32]) {
        let step = if step == 0 { self.state_len(shape) } else { step };
        for t in 0..shape.time {
            self.unpack_step(shape, &from[t * step..], t, to);
        }
    }

    /// One step `[P, G, H]` to its places in `[G, T, P, H]`.
    pub(super) fn unpack_step(&self, shape: &Shape, from: &[f32], t: usize, to: &mut [f32]) {
        let (positions, h) = (shape.positions(), shape.filters);
        for p in 0..positions {
            for g in 0..self.size {
                let at = ((g * shape.time + t) * positions + p) * h;
                to[at..at + h].copy_from_slice(&from[(p * self.size + g) * h..][..h]);
            }
        }
    }

    /// Runs of rows that one GEMM covers: `(first output row, first input row, rows)` for tap 0.
    fn runs(&self, shape: &Shape) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let (size, stride, positions) = (self.size, shape.stride, shape.positions());
        let (count, rows) = if stride == 1 { (1, positions * size) } else { (positions, size) };
        (0..count).map(move |p| (p * size, p * stride * size, rows))
    }

    /// Adds `w_x * x_t` to `pre` `[P, G, 4H]`.
    pub(super) fn add_input(&self, shape: &Shape, weights: &Weights, t: usize, pre: &mut [f32]) {
        let Shape { channels, kernel_input: taps, stride, .. } = *shape;
        let (positions, padded, n) = (shape.positions(), shape.padded_length(), 4 * shape.filters);
        if channels == 1 {
            let b = View::rows(&weights.input, n);
            for g in 0..self.size {
                let wave = &self.input[(g * shape.time + t) * padded..][..padded];
                let sizes = [positions, taps, n];
                let a = View::rows(wave, stride);
                matmul(sizes, &mut pre[g * n..], self.size * n, a, b, Into::Add);
            }
            return;
        }
        let x = &self.input[t * padded * self.size * channels..][..padded * self.size * channels];
        for tap in 0..taps {
            let b = View::rows(&weights.input[tap * channels * n..][..channels * n], n);
            for (to, from, rows) in self.runs(shape) {
                let a = View::rows(&x[(from + tap * self.size) * channels..], channels);
                matmul([rows, channels, n], &mut pre[to * n..], n, a, b, Into::Add);
            }
        }
    }

    /// Adds the gradient of `w_x`, `[kx, C, 4H]`, that step `t` with pre-activation gradients `d` gives.
    pub(super) fn input_weight_grad(&self, shape: &Shape, t: usize, d: &[f32], grad: &mut [f32]) {
        let Shape { channels, kernel_input: taps, stride, .. } = *shape;
        let (positions, padded, n) = (shape.positions(), shape.padded_length(), 4 * shape.filters);
        if channels == 1 {
            for g in 0..self.size {
                let wave = &self.input[(g * shape.time + t) * padded..][..padded];
                let a = View::transposed(wave, stride);
                let b = View::rows(&d[g * n..], self.size * n);
                matmul([taps, positions, n], grad, n, a, b, Into::Add);
            }
            return;
        }
        let x = &self.input[t * padded * self.size * channels..][..padded * self.size * channels];
        for tap in 0..taps {
            let grad = &mut grad[tap * channels * n..][..channels * n];
            for (to, from, rows) in self.runs(shape) {
                let a = View::transposed(&x[(from + tap * self.size) * channels..], channels);
                let b = View::rows(&d[to * n..], n);
                matmul([channels, rows, n], grad, n, a, b, Into::Add);
            }
        }
    }

    /// The gradient of step `t` of the input, written into `dx` `[G, T, L, C]`.
    /// `scratch` holds one padded step (with one channel: `[P, kx]` and a padded segment).
    pub(super) fn input_grad(
        &self,
        shape: &Shape,
        weights: &Weights,
        t: usize,
        d: &[f32],
        scratch: &mut [f32],
        dx: &mut [f32],
    ) {
        let Shape { channels, kernel_input: taps, stride, length, time, .. } = *shape;
        let (positions, n) = (shape.positions(), 4 * shape.filters);
        let left = shape.input_padding() / 2;
        if channels == 1 {
            let (windows, segment) = scratch.split_at_mut(positions * taps);
            for g in 0..self.size {
                let a = View::rows(&d[g * n..], self.size * n);
                let b = View::transposed(&weights.input, n);
                matmul([positions, n, taps], windows, taps, a, b, Into::Replace);
                segment.fill(0.0);
                for (p, window) in windows.chunks_exact(taps).enumerate() {
                    let to = &mut segment[p * stride..][..taps];
                    to.iter_mut().zip(window).for_each(|(to, w)| *to += w);
                }
                let to = &mut dx[(g * time + t) * length..][..length];
                to.copy_from_slice(&segment[left..][..length]);
            }
            return;
        }
        scratch.fill(0.0);
        for tap in 0..taps {
            let b = View::transposed(&weights.input[tap * channels * n..][..channels * n], n);
            for (to, from, rows) in self.runs(shape) {
                let dst = &mut scratch[(from + tap * self.size) * channels..];
                let a = View::rows(&d[to * n..], n);
                matmul([rows, n, channels], dst, channels, a, b, Into::Add);
            }
        }
        for l in 0..length {
            for g in 0..self.size {
                let from = &scratch[((left + l) * self.size + g) * channels..][..channels];
                let to = ((g * time + t) * length + l) * channels;
                dx[to..to + channels].copy_from_slice(from);
            }
        }
    }

    /// Floats of the scratch that [`Group::input_grad`] wants.
    pub(super) fn input_grad_scratch(&self, shape: &Shape) -> usize {
        let padded = shape.padded_length();
        if shape.channels == 1 {
            shape.positions() * shape.kernel_input + padded
        } else {
            padded * self.size * shape.channels
        }
    }
}

/// Adds `w_h * h` to `pre` `[P, G, 4H]`, with `hidden` padded `[P', G, H]`.
pub(super) fn add_state(
    shape: &Shape,
    size: usize,
    weights: &Weights,
    hidden: &[f32],
    pre: &mut [f32],
) {
    let (h, n, rows) = (shape.filters, 4 * shape.filters, shape.positions() * size);
    for tap in 0..shape.kernel_state {
        let a = View::rows(&hidden[tap * size * h..], h);
        let b = View::rows(&weights.state[tap * h * n..][..h * n], n);
        matmul([rows, h, n], pre, n, a, b, Into::Add);
    }
}

/// The gradient of `h_{t-1}`, padded `[P', G, H]`, from the gates' gradients `d` `[P, G, 4H]`.
pub(super) fn state_grad(
    shape: &Shape,
    size: usize,
    weights: &Weights,
    d: &[f32],
    grad: &mut [f32],
) {
    let (h, n, rows) = (shape.filters, 4 * shape.filters, shape.positions() * size);
    grad.fill(0.0);
    for tap in 0..shape.kernel_state {
        let a = View::rows(d, n);
        let b = View::transposed(&weights.state[tap * h * n..][..h * n], n);
        matmul([rows, n, h], &mut grad[tap * size * h..], h, a, b, Into::Add);
    }
}

/// Adds the gradient of `w_h`, `[kh, H, 4H]`.
pub(super) fn state_weight_grad(
    shape: &Shape,
    size: usize,
    hidden: &[f32],
    d: &[f32],
    grad: &mut [f32],
) {
    let (h, n, rows) = (shape.filters, 4 * shape.filters, shape.positions() * size);
    for tap in 0..shape.kernel_state {
        let a = View::transposed(&hidden[tap * size * h..], h);
        let grad = &mut grad[tap * h * n..][..h * n];
        matmul([h, rows, n], grad, n, a, View::rows(d, n), Into::Add);
    }
}
