//! The backward pass: step by step to the gradients of the pre-activations, then GEMMs over all.

use super::gates::Backward;
use super::{BiGruShape, Direction, DirectionGrad, Reset, Saved, by_task, step};
use crate::matmul::{Into, View, matmul};
use crate::{Buffer, GROUP};
use rayon::prelude::*;

/// Gradients of the parameters of both directions, and of the input into `dx` (`[B, T, F]`,
/// replaced) where it is wanted, given `dy`, the gradient of the output of [`forward`](super::forward)
/// that ran on the same `x` and `params`. It works in the memory of `saved` and so consumes it.
///
/// # Panics
/// As [`forward`](super::forward), or if `saved` came from another shape.
#[must_use]
pub fn backward(
    shape: &BiGruShape,
    x: &[f32],
    params: [Direction<'_>; 2],
    saved: Saved,
    dy: &[f32],
    dx: Option<&mut [f32]>,
) -> [DirectionGrad; 2] {
    shape.check(x, &params, dy);
    assert_eq!(*shape, saved.shape, "gru: saved by another shape");
    if let Some(dx) = &dx {
        assert_eq!(dx.len(), x.len(), "gru: length of dx, {shape:?}");
    }
    let BiGruShape { batch, time, hidden, reset, .. } = *shape;
    let Saved { mut gates, mut states, mut inner, .. } = saved;

    let groups = batch.div_ceil(GROUP);
    let biases: Vec<(Vec<f32>, Vec<f32>)> = by_task(&mut gates, batch, time * 3 * hidden)
        .zip(by_task(&mut states, batch, time * hidden))
        .zip(by_task(&mut inner, batch, time * hidden))
        .enumerate()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|(task, ((gates, states), inner))| {
            let (direction, first) = (task / groups, task % groups * GROUP);
            let dy = &dy[first * time * 2 * hidden + direction * hidden..];
            back_through_time(shape, direction, params[direction].u, dy, gates, states, inner)
        })
        .collect();

    let steps = shape.steps();
    let mut grads = [0, 1].map(|direction| {
        // In the order of the groups, whoever finished first.
        let (b, bn) = biases[direction * groups..][..groups].iter().fold(
            (vec![0.0; 3 * hidden], vec![0.0; hidden]),
            |(mut b, mut bn), part| {
                b.iter_mut().zip(&part.0).for_each(|(sum, part)| *sum += part);
                bn.iter_mut().zip(&part.1).for_each(|(sum, part)| *sum += part);
                (b, bn)
            },
        );
        DirectionGrad {
            w: vec![0.0; 3 * hidden * shape.input],
            u: vec![0.0; 3 * hidden * hidden],
            b,
            bn: (reset == Reset::After).then_some(bn),
        }
    });
    let over_steps = [0, 1].map(|direction| OverSteps {
        shape,
        x,
        w: params[direction].w,
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
        let per_group = GROUP * time * shape.input;
        for (group, dx) in dx.into_iter().flat_map(|dx| dx.chunks_mut(per_group)).enumerate() {
            let [ahead, back] = &over_steps;
            scope.spawn(move |_| {
                ahead.input(group, dx, Into::Replace);
                back.input(group, dx, Into::Add);
            });
        }
    });
    grads
}

/// One direction of one group. Turns `gates` into the gradients of their pre-activations, `states`
/// into the states before each step, and with the reset after `inner` into its gradient. Returns
/// the gradients of both biases.
fn back_through_time(
    shape: &BiGruShape,
    direction: usize,
    u: &[f32],
    dy: &[f32],
    gates: &mut [f32],
    states: &mut [f32],
    inner: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let BiGruShape { time, hidden, reset, .. } = *shape;
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
    let mut products = Buffer::any(size * 3 * hidden);
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
        let products_wanted = if reset == Reset::After {
            gates.reset_after();
            3 * hidden
        } else {
            gates.candidate();
            matmul(
                [size, hidden, hidden],
                gates.dinner,
                hidden,
                View::rows(&gates.products[2 * hidden..], 3 * hidden),
                View::rows(&u[2 * hidden * hidden..], hidden),
                Into::Replace,
            );
            gates.reset_before();
            2 * hidden
        };
        // Nobody asks for the gradient of the first state.
        if k > 0 {
            matmul(
                [size, products_wanted, hidden],
                &mut state,
                hidden,
                View::rows(&products, 3 * hidden),
                View::rows(u, hidden),
                Into::Add,
            );
        }
    }
    (bias, inner_bias)
}

/// One direction after its way back: what the GEMMs over all steps need.
struct OverSteps<'a> {
    shape: &'a BiGruShape,
    /// `[B, T, F]`
    x: &'a [f32],
    /// `[3H, F]`
    w: &'a [f32],
    /// Gradients of the pre-activations, `[B, T, 3H]`.
    gates: &'a [f32],
    /// `h_{t-1}`, `[B, T, H]`.
    before: &'a [f32],
    /// Reset before: `r ∘ h_{t-1}`. Reset after: gradient of `U_n h_{t-1}`. `[B, T, H]`.
    inner: &'a [f32],
}

impl OverSteps<'_> {
    /// Gradients of the rows of one gate of `w` and of `u`.
    ///
    /// The sum over all steps is one GEMM: cutting the weights, not the batch, makes tasks that need
    /// no partial sums.
    fn weights(&self, gate: usize, w: &mut [f32], u: &mut [f32]) {
        let BiGruShape { input, hidden, reset, .. } = *self.shape;
        let steps = self.shape.steps();
        let dgate = View::transposed(&self.gates[gate * hidden..], 3 * hidden);
        let x = View::rows(self.x, input);
        matmul([hidden, steps, input], w, input, dgate, x, Into::Replace);
        let (dproduct, operand) = match (gate, reset) {
            (2, Reset::After) => (View::transposed(self.inner, hidden), self.before),
            (2, Reset::Before) => (dgate, self.inner),
            _ => (dgate, self.before),
        };
        let operand = View::rows(operand, hidden);
        matmul([hidden, steps, hidden], u, hidden, dproduct, operand, Into::Replace);
    }

    /// Gradient of the input of one group, `[size, T, F]`.
    fn input(&self, group: usize, dx: &mut [f32], into: Into) {
        let BiGruShape { time, input, hidden, .. } = *self.shape;
        let dgates = View::rows(&self.gates[group * GROUP * time * 3 * hidden..], 3 * hidden);
        let w = View::rows(self.w, input);
        matmul([dx.len() / input, 3 * hidden, input], dx, input, dgates, w, into);
    }
}
