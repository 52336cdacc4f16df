//! The forward pass over all groups of a batch.

use rayon::prelude::*;

use super::gates::{self, Peephole};
use super::group::{Group, add_state, group_ranges};
use super::norm::{BatchNorm, InputNorm, Statistics, raw};
use super::pack::Weights;
use super::{Params, Saved, Shape};
use crate::Buffer;

/// Runs the layer over `x` `[B, T, L, C]` from zero states and writes `y` `[B, T, P, H]`.
///
/// With `keep`, what [`super::backward`] needs is returned; without it only two steps of state are
/// held. The statistics are those of [`InputNorm::Batch`].
///
/// # Panics
/// If a slice does not have the size that `shape` asks for.
pub fn forward(
    shape: &Shape,
    x: &[f32],
    params: &Params<'_>,
    norm: InputNorm<'_>,
    y: &mut [f32],
    keep: bool,
) -> (Option<Saved>, Option<Statistics>) {
    shape.check(x, params);
    let (time, h) = (shape.time, shape.filters);
    let utterance_in = time * shape.length * shape.channels;
    let utterance_out = time * shape.positions() * h;
    assert_eq!(y.len(), shape.batch * utterance_out, "y is [B, T, P, H]");

    let mut weights = Weights::new(shape, params);
    fold_fixed(&mut weights, norm);
    let ranges = group_ranges(shape.batch);
    let batch_norm = matches!(norm, InputNorm::Batch { .. });
    let mut groups: Vec<Group> = ranges
        .par_iter()
        .map(|range| {
            let x = &x[range.start * utterance_in..range.end * utterance_in];
            open_group(shape, &weights, range.len(), x, batch_norm, keep)
        })
        .collect();
    let (norm, statistics) = match norm {
        InputNorm::Batch { gamma, epsilon } => {
            let (norm, statistics) = BatchNorm::of(&groups, gamma, epsilon);
            (Some(norm), Some(statistics))
        }
        _ => (None, None),
    };

    let mut outputs = Vec::with_capacity(groups.len());
    let mut rest = y;
    for range in &ranges {
        let (output, tail) = rest.split_at_mut(range.len() * utterance_out);
        outputs.push(output);
        rest = tail;
    }
    groups
        .par_iter_mut()
        .zip(outputs)
        .for_each(|(group, y)| run_group(shape, &weights, norm.as_ref(), group, y));
    (keep.then_some(Saved { weights, groups, norm }), statistics)
}

fn fold_fixed(weights: &mut Weights, norm: InputNorm<'_>) {
    if let InputNorm::Fixed { gamma, mean, variance, epsilon } = norm {
        let scale: Vec<f32> =
            gamma.iter().zip(variance).map(|(g, v)| g / (v + epsilon).sqrt()).collect();
        let shift: Vec<f32> = mean.iter().zip(&scale).map(|(m, s)| -m * s).collect();
        weights.fold(&scale, &shift);
    }
}

/// Takes the group's memory and, where they are normalised, computes its raw pre-activations.
fn open_group(
    shape: &Shape,
    weights: &Weights,
    size: usize,
    x: &[f32],
    batch_norm: bool,
    keep: bool,
) -> Group {
    let (time, rows, h) = (shape.time, shape.positions() * size, shape.filters);
    let kept = if keep { time } else { 1 };
    let states = if keep { time + 1 } else { 2 };
    let mut group = Group {
        size,
        input: Group::pack_input(shape, size, x),
        pre: None,
        gates: Buffer::any(kept * rows * 4 * h),
        cells: Buffer::any(states * rows * h),
        hidden: Buffer::zeros(states * shape.padded_positions() * size * h),
    };
    group.cells[..rows * h].fill(0.0);
    if batch_norm {
        let mut pre = Buffer::zeros(time * rows * 4 * h);
        for (t, pre) in pre.chunks_exact_mut(rows * 4 * h).enumerate() {
            group.add_input(shape, weights, t, pre);
        }
        group.pre = Some(pre);
    }
    group
}

/// The recurrence over time; `y` is the group's `[G, T, P, H]`.
fn run_group(
    shape: &Shape,
    weights: &Weights,
    norm: Option<&BatchNorm>,
    group: &mut Group,
    y: &mut [f32],
) {
    let (size, h) = (group.size, shape.filters);
    let (gates_len, state_len) = (group.gates_len(shape), group.state_len(shape));
    let (hidden_len, left) = (group.hidden_len(shape), group.hidden_left(shape));
    let kept = group.gates.len() / gates_len;
    let states = group.cells.len() / state_len;
    let peephole = Peephole { weights: &weights.peephole, stride: weights.peephole_stride };
    // Taken out so that the group's other parts stay readable while they are written.
    let mut gates = std::mem::replace(&mut group.gates, Buffer::any(0));
    let mut cells = std::mem::replace(&mut group.cells, Buffer::any(0));
    let mut hidden = std::mem::replace(&mut group.hidden, Buffer::any(0));
    for t in 0..shape.time {
        let gates = &mut gates[t % kept * gates_len..][..gates_len];
        match norm {
            Some(norm) => {
                norm.apply(&weights.bias, &raw(group)[t * gates_len..][..gates_len], gates)
            }
            None => {
                for row in gates.chunks_exact_mut(4 * h) {
                    row.copy_from_slice(&weights.bias);
                }
                group.add_input(shape, weights, t, gates);
            }
        }
        let (before, after) = (t % states, (t + 1) % states);
        if t > 0 {
            add_state(shape, size, weights, &hidden[before * hidden_len..][..hidden_len], gates);
        }
        let [cell_before, cell] = two_steps(&mut cells, state_len, before, after);
        let new_hidden = &mut hidden[after * hidden_len + left..][..state_len];
        gates::forward([size, h], peephole, gates, cell_before, cell, new_hidden);
        group.unpack_step(shape, new_hidden, t, y);
    }
    group.gates = gates;
    group.cells = cells;
    group.hidden = hidden;
}

/// Step `before` and step `after` of a buffer of steps.
fn two_steps(buffer: &mut [f32], len: usize, before: usize, after: usize) -> [&mut [f32]; 2] {
    if before < after {
        let (low, high) = buffer.split_at_mut(after * len);
        [&mut low[before * len..][..len], &mut high[..len]]
    } else {
        let (low, high) = buffer.split_at_mut(before * len);
        [&mut high[..len], &mut low[after * len..][..len]]
    }
}
