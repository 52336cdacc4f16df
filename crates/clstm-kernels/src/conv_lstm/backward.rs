//! The backward pass: gradients of the input and of every parameter.

use rayon::prelude::*;

use super::gates::{self, Carry, Peephole};
use super::group::{Group, group_ranges, state_grad, state_weight_grad};
use super::norm::{BatchNorm, raw};
use super::pack::{Weights, taps_last, transpose};
use super::{Peepholes, Saved, Shape};
use crate::Buffer;

/// Gradients of the parameters, each in the layout of its parameter in [`super::Params`].
#[derive(Debug)]
pub struct Gradients {
    /// `[4H, C, kx]`
    pub w_x: Vec<f32>,
    /// `[4H, H, kh]`
    pub w_h: Vec<f32>,
    /// `[4H]`
    pub bias: Vec<f32>,
    /// `[3, H, P]`, `[3, H]`, or empty.
    pub peephole: Vec<f32>,
    /// Scale of the norm `[4H]`; empty without one.
    pub gamma: Vec<f32>,
}

/// Sums of one group, later added up in the order of the groups.
struct Partial {
    w_x: Buffer,
    w_h: Buffer,
    bias: Vec<f32>,
    peephole: Vec<f32>,
    gamma: Vec<f32>,
}

/// Back-propagates `dy` `[B, T, P, H]`; `dx` `[B, T, L, C]` is written where it is wanted.
///
/// Uses up what the forward pass saved: its gates become gradients in place.
///
/// # Panics
/// If a slice does not have the size that `shape` asks for.
pub fn backward(shape: &Shape, mut saved: Saved, dy: &[f32], dx: Option<&mut [f32]>) -> Gradients {
    let utterance_in = shape.time * shape.length * shape.channels;
    let utterance_out = shape.time * shape.positions() * shape.filters;
    assert_eq!(dy.len(), shape.batch * utterance_out, "dy is [B, T, P, H]");
    let ranges = group_ranges(shape.batch);
    let Saved { weights, groups, norm } = &mut saved;

    let mut partials: Vec<Partial> = groups
        .par_iter_mut()
        .zip(&ranges)
        .map(|(group, range)| {
            let dy = &dy[range.start * utterance_out..range.end * utterance_out];
            through_time(shape, weights, norm.as_ref(), group, dy)
        })
        .collect();
    let bias = sum(partials.iter().map(|p| &p.bias[..]));
    let gamma = sum(partials.iter().map(|p| &p.gamma[..]));

    let mut inputs: Vec<Option<&mut [f32]>> = Vec::with_capacity(ranges.len());
    match dx {
        Some(dx) => {
            assert_eq!(dx.len(), shape.batch * utterance_in, "dx is [B, T, L, C]");
            let mut rest = dx;
            for range in &ranges {
                let (part, tail) = rest.split_at_mut(range.len() * utterance_in);
                inputs.push(Some(part));
                rest = tail;
            }
        }
        None => inputs.resize_with(ranges.len(), || None),
    }
    groups.par_iter_mut().zip(&mut partials).zip(inputs).for_each(|((group, partial), dx)| {
        let norm = norm.as_ref().map(|norm| (norm, &bias[..], &gamma[..]));
        through_input(shape, weights, norm, group, partial, dx);
    });

    let w_x = sum(partials.iter().map(|p| &p.w_x[..]));
    let w_h = sum(partials.iter().map(|p| &p.w_h[..]));
    Gradients {
        w_x: taps_last(&w_x, shape.channels, shape.kernel_input),
        w_h: taps_last(&w_h, shape.filters, shape.kernel_state),
        bias,
        peephole: unpack_peephole(shape, &sum(partials.iter().map(|p| &p.peephole[..]))),
        gamma,
    }
}

/// From the last step to the first: gates become gradients of their pre-activations.
fn through_time(
    shape: &Shape,
    weights: &Weights,
    norm: Option<&BatchNorm>,
    group: &mut Group,
    dy: &[f32],
) -> Partial {
    let (size, h) = (group.size, shape.filters);
    let (gates_len, state_len) = (group.gates_len(shape), group.state_len(shape));
    let (hidden_len, left) = (group.hidden_len(shape), group.hidden_left(shape));
    let peephole = Peephole { weights: &weights.peephole, stride: weights.peephole_stride };
    let mut partial = Partial {
        w_x: Buffer::zeros(weights.input.len()),
        w_h: Buffer::zeros(weights.state.len()),
        bias: vec![0.0; 4 * h],
        peephole: vec![0.0; weights.peephole.len()],
        gamma: vec![0.0; norm.map_or(0, |_| 4 * h)],
    };
    // One step's sums first: thousands of rows would lose digits in a single f32 accumulator.
    let mut step_bias = vec![0.0; 4 * h];
    let mut step_peephole = vec![0.0; weights.peephole.len()];
    let mut d_hidden = Buffer::zeros(hidden_len);
    let mut d_cell = Buffer::zeros(state_len);
    let mut gates = std::mem::replace(&mut group.gates, Buffer::any(0));
    for t in (0..shape.time).rev() {
        add_output_grad(shape, size, t, dy, &mut d_hidden[left..][..state_len]);
        let d = &mut gates[t * gates_len..][..gates_len];
        let [cell_before, cell] = [t, t + 1].map(|t| &group.cells[t * state_len..][..state_len]);
        step_bias.fill(0.0);
        step_peephole.fill(0.0);
        let carry = Carry {
            hidden: &d_hidden[left..][..state_len],
            cell: &mut d_cell,
            peephole: &mut step_peephole,
            bias: &mut step_bias,
        };
        gates::backward([size, h], peephole, d, cell_before, cell, carry);
        add_to(&mut partial.bias, &step_bias);
        add_to(&mut partial.peephole, &step_peephole);
        if let Some(norm) = norm {
            let pre = &raw(group)[t * gates_len..][..gates_len];
            norm.add_gamma_grad(pre, d, &mut partial.gamma);
        }
        if t > 0 {
            let hidden = &group.hidden[t * hidden_len..][..hidden_len];
            state_weight_grad(shape, size, hidden, d, &mut partial.w_h);
            state_grad(shape, size, weights, d, &mut d_hidden);
        }
    }
    group.gates = gates;
    partial
}

/// Gradients of the input weights and of the input, from those of the pre-activations.
fn through_input(
    shape: &Shape,
    weights: &Weights,
    norm: Option<(&BatchNorm, &[f32], &[f32])>,
    group: &mut Group,
    partial: &mut Partial,
    mut dx: Option<&mut [f32]>,
) {
    let gates_len = group.gates_len(shape);
    let mut gates = std::mem::replace(&mut group.gates, Buffer::any(0));
    let mut scratch = Buffer::any(dx.as_ref().map_or(0, |_| group.input_grad_scratch(shape)));
    for (t, d) in gates.chunks_exact_mut(gates_len).enumerate() {
        if let Some((norm, d_bias, d_gamma)) = norm {
            norm.backward(d_bias, d_gamma, &raw(group)[t * gates_len..][..gates_len], d);
        }
        group.input_weight_grad(shape, t, d, &mut partial.w_x);
        if let Some(dx) = dx.as_deref_mut() {
            group.input_grad(shape, weights, t, d, &mut scratch, dx);
        }
    }
    group.gates = gates;
}

/// Adds step `t` of `dy` `[G, T, P, H]` to the rows `[P, G, H]`.
fn add_output_grad(shape: &Shape, size: usize, t: usize, dy: &[f32], rows: &mut [f32]) {
    let (positions, h) = (shape.positions(), shape.filters);
    for p in 0..positions {
        for g in 0..size {
            let from = &dy[((g * shape.time + t) * positions + p) * h..][..h];
            add_to(&mut rows[(p * size + g) * h..][..h], from);
        }
    }
}

fn unpack_peephole(shape: &Shape, packed: &[f32]) -> Vec<f32> {
    if shape.peepholes == Peepholes::None {
        return Vec::new();
    }
    let gate = packed.len() / 3;
    let mut grad = vec![0.0; packed.len()];
    for (from, to) in packed.chunks_exact(gate).zip(grad.chunks_exact_mut(gate)) {
        transpose(from, shape.filters, to);
    }
    grad
}

fn add_to(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

fn sum<'a>(mut parts: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut total = parts.next().map(<[f32]>::to_vec).unwrap_or_default();
    parts.for_each(|part| add_to(&mut total, part));
    total
}
