//! The forward pass: input products of all steps at once, then step by step.

use super::gates::Forward;
use super::{BiGruShape, Direction, Reset, Saved, by_task, step};
use crate::matmul::{Into, View, matmul};
use crate::{Buffer, GROUP};
use rayon::prelude::*;

/// Runs both directions over `x`, `[B, T, F]`, into `y`, `[B, T, 2H]`: the forward direction, then
/// the backward one, each at its own time index. States start at zero.
///
/// With `keep` it returns what [`backward`](super::backward) needs; without, it holds on to nothing
/// but one group's gates a thread.
///
/// # Panics
/// If a size is 0, a slice has not the length the shape says, or `bn` is there under
/// [`Reset::Before`] or missing under [`Reset::After`].
#[must_use]
pub fn forward(
    shape: &BiGruShape,
    x: &[f32],
    params: [Direction<'_>; 2],
    y: &mut [f32],
    keep: bool,
) -> Option<Saved> {
    shape.check(x, &params, y);
    let BiGruShape { batch, time, hidden, .. } = *shape;
    let recurrent = params.map(|p| transpose(p.u, hidden));
    let mut states = Buffer::any(2 * shape.steps() * hidden);
    let mut kept = keep.then(|| {
        (Buffer::any(2 * shape.steps() * 3 * hidden), Buffer::any(2 * shape.steps() * hidden))
    });

    let groups = batch.div_ceil(GROUP);
    let mut buffers: Vec<_> = match &mut kept {
        None => (0..2 * groups).map(|_| None).collect(),
        Some((gates, inner)) => by_task(gates, batch, time * 3 * hidden)
            .zip(by_task(inner, batch, time * hidden))
            .map(Some)
            .collect(),
    };
    by_task(&mut states, batch, time * hidden)
        .zip(&mut buffers)
        .enumerate()
        .collect::<Vec<_>>()
        .into_par_iter()
        .for_each(|(task, (states, buffers))| {
            let (direction, first) = (task / groups, task % groups * GROUP);
            let size = states.len() / (time * hidden);
            let layer = Layer {
                shape,
                direction,
                params: params[direction],
                recurrent: &recurrent[direction],
                x: &x[first * time * shape.input..][..size * time * shape.input],
            };
            match buffers {
                Some((gates, inner)) => layer.run(gates, inner, time * hidden, states),
                None => {
                    let mut gates = Buffer::any(size * time * 3 * hidden);
                    layer.run(&mut gates, &mut Buffer::any(size * hidden), hidden, states);
                }
            }
        });

    let (ahead, back) = states.split_at(shape.steps() * hidden);
    let rows = (ahead.chunks_exact(hidden)).zip(back.chunks_exact(hidden));
    for (y, (ahead, back)) in y.chunks_exact_mut(2 * hidden).zip(rows) {
        y[..hidden].copy_from_slice(ahead);
        y[hidden..].copy_from_slice(back);
    }
    kept.map(|(gates, inner)| Saved { shape: *shape, gates, states, inner })
}

/// `[3H, H]` to `[H, 3H]`: every step multiplies by it, and this way the GEMM need not repack it.
fn transpose(u: &[f32], hidden: usize) -> Buffer {
    let mut transposed = Buffer::any(u.len());
    for (i, row) in transposed.chunks_exact_mut(3 * hidden).enumerate() {
        for (to, from) in row.iter_mut().zip(u.chunks_exact(hidden)) {
            *to = from[i];
        }
    }
    transposed
}

/// One direction over one group of utterances.
struct Layer<'a> {
    shape: &'a BiGruShape,
    direction: usize,
    params: Direction<'a>,
    /// `[H, 3H]`
    recurrent: &'a [f32],
    /// `[size, T, F]`
    x: &'a [f32],
}

impl Layer<'_> {
    /// `gates` is `[size, T, 3H]`, `states` is `[size, T, H]`; `inner` is `[size, T, H]`, or
    /// `[size, H]` used by every step in turn: its rows are `inner_stride` apart.
    fn run(&self, gates: &mut [f32], inner: &mut [f32], inner_stride: usize, states: &mut [f32]) {
        let BiGruShape { time, input, hidden, reset, .. } = *self.shape;
        let size = states.len() / (time * hidden);
        matmul(
            [size * time, input, 3 * hidden],
            gates,
            3 * hidden,
            View::rows(self.x, input),
            View::transposed(self.params.w, input),
            Into::Replace,
        );
        // The state before the first step, and its products with the weights, are zero.
        let mut state = Buffer::zeros(size * hidden);
        let mut products = Buffer::zeros(size * 3 * hidden);
        let products_wanted = if reset == Reset::After { 3 * hidden } else { 2 * hidden };
        for k in 0..time {
            let t = step(self.direction, time, k);
            let inner_at = if inner_stride > hidden { t * hidden } else { 0 };
            if k > 0 {
                matmul(
                    [size, hidden, products_wanted],
                    &mut products,
                    3 * hidden,
                    View::rows(&state, hidden),
                    View::rows(self.recurrent, 3 * hidden),
                    Into::Replace,
                );
            }
            let mut gates = Forward {
                hidden,
                time,
                bias: self.params.b,
                inner_bias: self.params.bn.unwrap_or(&[]),
                products: &mut products,
                gates: &mut gates[t * 3 * hidden..],
                inner: &mut inner[inner_at..],
                inner_stride,
                state: &mut state,
                states: &mut states[t * hidden..],
            };
            if reset == Reset::After {
                gates.reset_after();
                continue;
            }
            gates.reset_before();
            if k > 0 {
                matmul(
                    [size, hidden, hidden],
                    &mut gates.products[2 * hidden..],
                    3 * hidden,
                    View::rows(gates.inner, inner_stride),
                    View::rows(&self.recurrent[2 * hidden..], 3 * hidden),
                    Into::Replace,
                );
            }
            gates.candidate();
        }
    }
}
