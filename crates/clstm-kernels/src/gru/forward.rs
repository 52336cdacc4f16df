//! The forward pass: input products of all steps at once, then step by step.

use super::gates::Forward;
use super::{BiGruShape, DirectionParams, Reset, Saved, by_task, step};
use crate::gemm::{GemmArgs, GemmScalar, MatrixView, Operand, OutputMode, PackedWeights, gemm_nn};
use crate::{Buffer, Precision, UTTERANCE_BLOCK, threads};
use half::bf16;
use rayon::prelude::*;

/// Runs both directions over `x`, `[B, T, F]`, into `y`, `[B, T, 2H]`: the forward direction, then
/// the backward one, each at its own time index. States start at zero.
///
/// With `keep` it returns what [`backward`](super::backward) needs; without, only one group's gates per
/// thread are held.
///
/// # Panics
/// If a size is 0, a slice does not have the length given by the shape, or `b_hn` is present with
/// [`Reset::Before`] or missing with [`Reset::After`].
#[must_use]
pub fn forward(
    shape: &BiGruShape,
    x: &[f32],
    params: [DirectionParams<'_>; 2],
    y: &mut [f32],
    keep: bool,
) -> Option<Saved> {
    shape.check_params(&params);
    shape.check_data(x, y);
    match shape.precision {
        Precision::F32 => forward_in::<f32>(shape, x, params, y, keep),
        Precision::Bf16 => forward_in::<bf16>(shape, x, params, y, keep),
    }
}

fn forward_in<E: GemmScalar>(
    shape: &BiGruShape,
    x: &[f32],
    params: [DirectionParams<'_>; 2],
    y: &mut [f32],
    keep: bool,
) -> Option<Saved> {
    let weights = params.map(|p| Weights::<E>::new(shape, &p));
    let biases = params.map(|p| Biases { b: p.b, b_hn: p.b_hn.unwrap_or_default() });
    forward_packed(shape, x, &weights, biases, y, keep)
}

/// Biases of one direction.
#[derive(Clone, Copy)]
pub(super) struct Biases<'a> {
    /// `[3H]`
    pub(super) b: &'a [f32],
    /// `[H]`, or empty with the reset before.
    pub(super) b_hn: &'a [f32],
}

/// [`forward`] on packed weights.
pub(super) fn forward_packed<E: GemmScalar>(
    shape: &BiGruShape,
    x: &[f32],
    weights: &[Weights<E>; 2],
    biases: [Biases<'_>; 2],
    y: &mut [f32],
    keep: bool,
) -> Option<Saved> {
    let BiGruShape { batch, time, hidden, .. } = *shape;
    let x = &*Operand::<E>::of(x);
    let mut states = Buffer::recycled(2 * shape.steps() * hidden);
    let mut kept = keep.then(|| {
        (
            Buffer::recycled(2 * shape.steps() * 3 * hidden),
            Buffer::recycled(2 * shape.steps() * hidden),
        )
    });

    // Group `group` of a direction, whose states go to `states`.
    let layer = |direction: usize, group: usize, states: &[f32]| {
        let (first, size) = (group * UTTERANCE_BLOCK, states.len() / (time * hidden));
        Layer {
            shape,
            direction,
            biases: biases[direction],
            weights: &weights[direction],
            x: &x[first * time * shape.input..][..size * time * shape.input],
        }
    };
    match &mut kept {
        None => {
            let directions = states.par_chunks_mut(batch * time * hidden).enumerate();
            threads::for_each(directions, |(direction, states)| {
                let groups = states.par_chunks_mut(UTTERANCE_BLOCK * time * hidden).enumerate();
                threads::for_each(groups, |(group, states)| {
                    let layer = layer(direction, group, states);
                    let mut gates = Buffer::recycled(3 * states.len());
                    let mut inner = Buffer::recycled(states.len() / time);
                    layer.run(&mut gates, &mut inner, hidden, states);
                });
            });
        }
        Some((gates, inner)) => {
            let groups = batch.div_ceil(UTTERANCE_BLOCK);
            let tasks = by_task(&mut states, batch, time * hidden)
                .zip(by_task(gates, batch, time * 3 * hidden))
                .zip(by_task(inner, batch, time * hidden));
            tasks.enumerate().collect::<Vec<_>>().into_par_iter().for_each(
                |(task, ((states, gates), inner))| {
                    let layer = layer(task / groups, task % groups, states);
                    layer.run(gates, inner, time * hidden, states);
                },
            );
        }
    }

    let (ahead, back) = states.split_at(shape.steps() * hidden);
    let rows = (ahead.chunks_exact(hidden)).zip(back.chunks_exact(hidden));
    for (y, (ahead, back)) in y.chunks_exact_mut(2 * hidden).zip(rows) {
        y[..hidden].copy_from_slice(ahead);
        y[hidden..].copy_from_slice(back);
    }
    kept.map(|(gates, inner)| Saved { shape: *shape, gates, states, inner })
}

/// One direction's weights, packed once per call in training and once per model at inference.
#[derive(Debug)]
pub(super) struct Weights<E: GemmScalar> {
    /// `[F, 3H]`
    input: PackedWeights<E>,
    /// Weights of the state: `[H, 3H]`, or `[H, 2H]` (z and r) with the reset before.
    state: PackedWeights<E>,
    /// Weights of the reset state, `[H, H]`: with the reset before only.
    reset: Option<PackedWeights<E>>,
}

impl<E: GemmScalar> Weights<E> {
    pub(super) fn new(shape: &BiGruShape, params: &DirectionParams<'_>) -> Self {
        let BiGruShape { input, hidden: h, .. } = *shape;
        let before = shape.reset == Reset::Before;
        let columns = if before { 2 * h } else { 3 * h };
        Self {
            input: PackedWeights::pack([1, input, 3 * h], params.w, [0, 1, input]),
            state: PackedWeights::pack([1, h, columns], params.u, [0, 1, h]),
            reset: before
                .then(|| PackedWeights::pack([1, h, h], &params.u[2 * h * h..], [0, 1, h])),
        }
    }
}

/// One direction over one group of utterances.
struct Layer<'a, E: GemmScalar> {
    shape: &'a BiGruShape,
    direction: usize,
    biases: Biases<'a>,
    weights: &'a Weights<E>,
    /// `[size, T, F]`
    x: &'a [E],
}

/// Copies rows of `width` floats, `stride` apart, to contiguous rows, rounded to `E`.
pub(super) fn narrow_rows<E: GemmScalar>(from: &[f32], stride: usize, width: usize, to: &mut [E]) {
    for (to, from) in to.chunks_exact_mut(width).zip(from.chunks(stride)) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = E::from_f32(*from));
    }
}

impl<E: GemmScalar> Layer<'_, E> {
    /// `gates` is `[size, T, 3H]`, `states` is `[size, T, H]`. `inner` is `[size, T, H]`, or `[size, H]`
    /// overwritten by every step; its rows are `inner_stride` apart.
    fn run(&self, gates: &mut [f32], inner: &mut [f32], inner_stride: usize, states: &mut [f32]) {
        let BiGruShape { time, input, hidden, reset, .. } = *self.shape;
        let size = states.len() / (time * hidden);
        gemm_nn(GemmArgs {
            a: MatrixView::contiguous(self.x, size * time, input),
            tap_stride: 0,
            weights: &self.weights.input,
            out: gates,
            out_stride: 3 * hidden,
            mode: OutputMode::Overwrite,
        });
        let mut operand = Buffer::recycled(size * hidden);
        // The state before the first step, and its products with the weights, are zero.
        let mut state = Buffer::zeros(size * hidden);
        let mut products = Buffer::zeros(size * 3 * hidden);
        for k in 0..time {
            let t = step(self.direction, time, k);
            let inner_at = if inner_stride > hidden { t * hidden } else { 0 };
            if k > 0 {
                narrow_rows(&state, hidden, hidden, &mut operand);
                gemm_nn(GemmArgs {
                    a: MatrixView::contiguous(&operand, size, hidden),
                    tap_stride: 0,
                    weights: &self.weights.state,
                    out: &mut products,
                    out_stride: 3 * hidden,
                    mode: OutputMode::Overwrite,
                });
            }
            let mut gates = Forward {
                hidden,
                time,
                bias: self.biases.b,
                inner_bias: self.biases.b_hn,
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
            if let (Some(weights), true) = (&self.weights.reset, k > 0) {
                narrow_rows(gates.inner, inner_stride, hidden, &mut operand);
                gemm_nn(GemmArgs {
                    a: MatrixView::contiguous(&operand, size, hidden),
                    tap_stride: 0,
                    weights,
                    out: &mut gates.products[2 * hidden..],
                    out_stride: 3 * hidden,
                    mode: OutputMode::Overwrite,
                });
            }
            gates.candidate();
        }
    }
}
