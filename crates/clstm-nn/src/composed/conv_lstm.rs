use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, activation};
use clstm_kernels::conv_lstm::Shape;

use super::norm_pool::normalize;
use crate::{ConvLstm, Mode};

/// [`ConvLstm::forward`] as a loop of tensor operations.
#[must_use]
pub fn conv_lstm(x: Tensor<4>, layer: &ConvLstm, mode: Mode) -> Tensor<4> {
    let [batch, time, ..] = x.dims();
    let shape = layer.kernel_shape(batch, time);
    let Shape {
        batch, time, channels, length, filters, kernel_input, kernel_state, stride, ..
    } = shape;
    let positions = shape.positions();
    let device = x.device();

    // Input to state, all steps at once, [B * T, 4H, P].
    let x = x.reshape([batch * time, length, channels]).swap_dims(1, 2);
    let total = ((positions - 1) * stride + kernel_input).saturating_sub(length);
    let x = x.pad((total / 2, total - total / 2, 0, 0), 0.0_f32);
    let mut pre = conv1d(x, layer.w_x.val(), None, ConvOptions::new([stride], [0], [1], 1));
    if let (Some(gamma), Some(statistics)) = (&layer.gamma, &layer.statistics) {
        let rows = pre.swap_dims(1, 2).reshape([batch * time, 1, positions, 4 * filters]);
        let zeros = Tensor::zeros([4 * filters], &device);
        pre = normalize(rows, gamma.val(), zeros, statistics, mode)
            .reshape([batch * time, positions, 4 * filters])
            .swap_dims(1, 2);
    }
    let pre = pre + layer.bias.val().reshape([1, 4 * filters, 1]);
    let pre = pre.reshape([batch, time, 4 * filters, positions]);

    let peephole = layer.peephole.as_ref().map(|p| p.val()); // [3, H, P or 1]
    let peep = |gate: usize, c: &Tensor<3>| match &peephole {
        Some(p) => p.clone().narrow(0, gate, 1) * c.clone(), // [1, H, P or 1] * [B, H, P]
        None => c.zeros_like(),
    };
    let left = (kernel_state - 1) / 2;
    let mut h = Tensor::<3>::zeros([batch, filters, positions], &device);
    let mut c = h.clone();
    let mut steps = Vec::with_capacity(time);
    for t in 0..time {
        let input = pre.clone().narrow(1, t, 1).reshape([batch, 4 * filters, positions]);
        let padded = h.pad((left, kernel_state - 1 - left, 0, 0), 0.0_f32);
        let state = conv1d(padded, layer.w_h.val(), None, ConvOptions::new([1], [0], [1], 1));
        let gates = input + state; // [B, 4H, P]
        let gate = |k: usize| gates.clone().narrow(1, k * filters, filters);
        let i = activation::sigmoid(gate(0) + peep(0, &c));
        let f = activation::sigmoid(gate(1) + peep(1, &c));
        let g = activation::tanh(gate(2));
        c = f * c + i * g;
        let o = activation::sigmoid(gate(3) + peep(2, &c));
        h = o * activation::tanh(c.clone()); // [B, H, P]
        steps.push(h.clone());
    }
    Tensor::stack::<4>(steps, 1).swap_dims(2, 3) // [B, T, P, H]
}
