//! The backward pass: gradients of the pre-activations step by step, then products over all steps.

use super::forward::narrow_rows;
use super::gates::Backward;
use super::{BiGruShape, DirectionGradients, DirectionParams, Reset, Saved, by_task, step};
use crate::gemm::{
    ConvTaps, GemmArgs, GemmScalar, GemmTnArgs, MatrixView, Operand, OutputMode, PackedWeights,
    gemm_nn, gemm_tn,
};
use crate::{Buffer, Precision, UTTERANCE_BLOCK};
use half::bf16;
use rayon::prelude::*;

/// Gradients of the parameters of both directions, given `dy`, the gradient of the output of
/// [`forward`](super::forward) for the same `x` and `params`. The gradient of the input is written to
/// `dx` `[B, T, F]` if given. Works in the memory of `saved`, which is why it is consumed.
///
/// # Panics
/// As [`forward`](super::forward), or if `saved` comes from another shape.
#[must_use]
pub fn backward(
    shape: &BiGruShape,
    x: &[f32],
    params: [DirectionParams<'_>; 2],
    saved: Saved,
    dy: &[f32],
    dx: Option<&mut [f32]>,
) -> [DirectionGradients; 2] {
    shape.check_params(&params);
    shape.check_data(x, dy);
    assert_eq!(*shape, saved.shape, "gru: saved by another shape");
    if let Some(dx) = &dx {
        assert_eq!(dx.len(), x.len(), "gru: length of dx, {shape:?}");
    }
    match shape.precision {
        Precision::F32 => backward_in::<f32>(shape, x, params, saved, dy, dx),
        Precision::Bf16 => backward_in::<bf16>(shape, x, params, saved, dy, dx),
    }
}

fn backward_in<E: GemmScalar>(
    shape: &BiGruShape,
    x: &[f32],
    params: [DirectionParams<'_>; 2],
    saved: Saved,
    dy: &[f32],
    dx: Option<&mut [f32]>,
) -> [DirectionGradients; 2] {
    let BiGruShape { batch, time, hidden, reset, .. } = *shape;
    let Saved { mut gates, mut states, mut inner, .. } = saved;
    let weights = params.map(|p| Weights::<E>::new(shape, &p, dx.is_some()));

    let groups = batch.div_ceil(UTTERANCE_BLOCK);
    let biases: Vec<(Vec<f32>, Vec<f32>)> = by_task(&mut gates, batch, time * 3 * hidden)
        .zip(by_task(&mut states, batch, time * hidden))
        .zip(by_task(&mut inner, batch, time * hidden))
        .enumerate()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|(task, ((gates, states), inner))| {
            let (direction, first) = (task / groups, task % groups * UTTERANCE_BLOCK);
            let dy = &dy[first * time * 2 * hidden + direction * hidden..];
            let weights = &weights[direction];
            back_through_time(shape, direction, weights, dy, gates, states, inner)
        })
        .collect();

    let steps = shape.steps();
    let mut grads = [0, 1].map(|direction| {
        // In the order of the groups, not in that in which they finished.
        let (b, b_hn) = biases[direction * groups..][..groups].iter().fold(
            (vec![0.0; 3 * hidden], vec![0.0; hidden]),
            |(mut b, mut b_hn), part| {
                b.iter_mut().zip(&part.0).for_each(|(sum, part)| *sum += part);
                b_hn.iter_mut().zip(&part.1).for_each(|(sum, part)| *sum += part);
                (b, b_hn)
            },
        );
        DirectionGradients {
            w: vec![0.0; 3 * hidden * shape.input],
            u: vec![0.0; 3 * hidden * hidden],
            b,
            b_hn: (reset == Reset::After).then_some(b_hn),
        }
    });
    let x = &*Operand::<E>::of(x);
    let [gates, states, inner] = [&gates, &states, &inner].map(|data| Operand::<E>::of(data));
    let over_steps = [0, 1].map(|direction| OverSteps {
        shape,
        x,
        weights: &weights[direction],
        gates: &gates[direction * steps * 3 * hidden..][..steps * 3 * hidden],
        before: &states[direction * steps * hidden..][..steps * hidden],
        inner: &inner[direction * steps * hidden..][..steps * hidden],
    });
    rayon::scope(|scope| {
        for (over_steps, grad) in over_steps.iter().zip(&mut grads) {
            let weights = grad.w.chunks_mut(hidden * shape.input);
            for (gate, (w, u)) in weights.zip(grad.u.chunks_mut(hidden * hidden)).enumerate() {
                scope.spawn(move |_| over_steps.weights(gate, w, u));
            }
        }
        let per_group = UTTERANCE_BLOCK * time * shape.input;
        for (group, dx) in dx.into_iter().flat_map(|dx| dx.chunks_mut(per_group)).enumerate() {
            let [ahead, back] = &over_steps;
            scope.spawn(move |_| {
                ahead.input(group, dx, OutputMode::Overwrite);
                back.input(group, dx, OutputMode::Accumulate);
            });
        }
    });
    grads
}

/// One direction's weights as the backward pass needs them, packed once per call.
struct Weights<E: GemmScalar> {
    /// `[3H, F]`, if the gradient of the input is wanted.
    input: Option<PackedWeights<E>>,
    /// Of the product with the state: `[3H, H]`, or `[2H, H]` (z and r) with the reset before.
    state: PackedWeights<E>,
    /// Of the product with the reset state, `[H, H]`: with the reset before only.
    reset: Option<PackedWeights<E>>,
}

impl<E: GemmScalar> Weights<E> {
    fn new(shape: &BiGruShape, params: &DirectionParams<'_>, input_wanted: bool) -> Self {
        let BiGruShape { input, hidden: h, .. } = *shape;
        let before = shape.reset == Reset::Before;
        let depth = if before { 2 * h } else { 3 * h };
        Self {
            input: input_wanted
                .then(|| PackedWeights::pack([1, 3 * h, input], params.w, [0, input, 1])),
            state: PackedWeights::pack([1, depth, h], params.u, [0, h, 1]),
            reset: before
                .then(|| PackedWeights::pack([1, h, h], &params.u[2 * h * h..], [0, h, 1])),
        }
    }
}

/// One direction of one group. Replaces `gates` by the gradients of their pre-activations, `states` by
/// the states before each step, and with the reset after `inner` by its gradient. Returns the gradients
/// of both biases.
fn back_through_time<E: GemmScalar>(
    shape: &BiGruShape,
    direction: usize,
    weights: &Weights<E>,
    dy: &[f32],
    gates: &mut [f32],
    states: &mut [f32],
    inner: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let BiGruShape { time, hidden, .. } = *shape;
    let size = states.len() / (time * hidden);
    for states in states.chunks_exact_mut(time * hidden) {
        let last = (time - 1) * hidden;
        if direction == 0 {
            states.copy_within(..last, hidden);
            states[..hidden].fill(0.0);
        } else {
            states.copy_within(hidden.., 0);
            states[last..].fill(0.0);
        }
    }

    let (mut bias, mut inner_bias) = (vec![0.0; 3 * hidden], vec![0.0; hidden]);
    let mut state = Buffer::zeros(size * hidden);
    let mut dinner = Buffer::zeros(size * hidden);
    let mut products = Buffer::recycled(size * 3 * hidden);
    let mut operand = Buffer::recycled(size * 3 * hidden);
    for k in (0..time).rev() {
        let t = step(direction, time, k);
        let mut gates = Backward {
            hidden,
            time,
            dy: &dy[t * 2 * hidden..],
            before: &states[t * hidden..],
            gates: &mut gates[t * 3 * hidden..],
            inner: &mut inner[t * hidden..],
            state: &mut state,
            dinner: &mut dinner,
            products: &mut products,
            bias: &mut bias,
            inner_bias: &mut inner_bias,
        };
        if let Some(weights) = &weights.reset {
            gates.candidate();
            let operand = &mut operand[..size * hidden];
            narrow_rows(&gates.products[2 * hidden..], 3 * hidden, hidden, operand);
            gemm_nn(GemmArgs {
                a: MatrixView::contiguous(operand, size, hidden),
                tap_stride: 0,
                weights,
                out: &mut *gates.dinner,
                out_stride: hidden,
                mode: OutputMode::Overwrite,
            });
            gates.reset_before();
        } else {
            gates.reset_after();
        }
        // The gradient of the initial state is not needed.
        if k > 0 {
            narrow_rows(&products, 3 * hidden, 3 * hidden, &mut operand);
            // With the reset before, the state enters z and r only: the first two thirds of a row.
            let depth = if weights.reset.is_some() { 2 * hidden } else { 3 * hidden };
            gemm_nn(GemmArgs {
                a: MatrixView { data: &operand, rows: size, columns: depth, stride: 3 * hidden },
                tap_stride: 0,
                weights: &weights.state,
                out: &mut state,
                out_stride: hidden,
                mode: OutputMode::Accumulate,
            });
        }
    }
    (bias, inner_bias)
}

/// One direction after the backward pass through time: operands of the products over all steps.
struct OverSteps<'a, E: GemmScalar> {
    shape: &'a BiGruShape,
    /// `[B, T, F]`
    x: &'a [E],
    weights: &'a Weights<E>,
    /// Gradients of the pre-activations, `[B, T, 3H]`.
    gates: &'a [E],
    /// `h_{t-1}`, `[B, T, H]`.
    before: &'a [E],
    /// Reset before: `r ∘ h_{t-1}`. Reset after: gradient of `U_n h_{t-1}`. `[B, T, H]`.
    inner: &'a [E],
}

impl<E: GemmScalar> OverSteps<'_, E> {
    /// Adds the gradients of the rows of one gate of `w` and of `u`.
    ///
    /// The sum over all steps is one product. Tasks that divide the weights, not the batch, need no
    /// partial sums.
    fn weights(&self, gate: usize, w: &mut [f32], u: &mut [f32]) {
        let BiGruShape { input, hidden, reset, .. } = *self.shape;
        let steps = self.shape.steps();
        let dgate = MatrixView {
            data: &self.gates[gate * hidden..],
            rows: steps,
            columns: hidden,
            stride: 3 * hidden,
        };
        let x = MatrixView::contiguous(self.x, steps, input);
        gemm_tn(GemmTnArgs { a: dgate, taps: ConvTaps::ONE, d: x, grad: w });
        let (a, operand) = match (gate, reset) {
            (2, Reset::After) => (MatrixView::contiguous(self.inner, steps, hidden), self.before),
            (2, Reset::Before) => (dgate, self.inner),
            _ => (dgate, self.before),
        };
        let d = MatrixView::contiguous(operand, steps, hidden);
        gemm_tn(GemmTnArgs { a, taps: ConvTaps::ONE, d, grad: u });
    }

    /// Gradient of the input of one group, `[size, T, F]`.
    fn input(&self, group: usize, dx: &mut [f32], mode: OutputMode) {
        let Some(weights) = &self.weights.input else { return };
        let BiGruShape { time, input, hidden, .. } = *self.shape;
        let gates = &self.gates[group * UTTERANCE_BLOCK * time * 3 * hidden..];
        gemm_nn(GemmArgs {
            a: MatrixView::contiguous(gates, dx.len() / input, 3 * hidden),
            tap_stride: 0,
            weights,
            out: dx,
            out_stride: input,
            mode,
        });
    }
}
