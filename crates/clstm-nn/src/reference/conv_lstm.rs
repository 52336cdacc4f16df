use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, activation};
use clstm_kernels::conv_lstm::ConvLstmShape;

use super::norm_pool::normalize;
use super::time::steps;
use crate::{ConvLstm, Mode};

/// [`ConvLstm::forward`] as a loop of tensor operations.
///
/// What does not depend on the state is computed for all steps at once; a step is one convolution of
/// the state and what follows of it element by element. Nothing is read back from the device.
#[must_use]
pub fn conv_lstm(x: Tensor<4>, layer: &ConvLstm, mode: Mode) -> Tensor<4> {
    let [batch, time, ..] = x.dims();
    let shape = layer.kernel_shape(batch, time);
    let ConvLstmShape { channels, length, filters, kernel_input, kernel_state, stride, .. } = shape;
    let positions = shape.positions();
    let device = x.device();

    // Input to state, [T * B, 4H, P]: steps outermost, so that each is one piece of memory.
    let x = x.permute([1, 0, 3, 2]).reshape([time * batch, channels, length]);
    let total = ((positions - 1) * stride + kernel_input).saturating_sub(length);
    let pre = convolve(x, layer.w_x.val(), stride, total);
    let pre = match (&layer.gamma, &layer.statistics) {
        (Some(gamma), Some(statistics)) => {
            normalize(pre, 1, gamma.val(), layer.bias.val(), statistics, mode)
        }
        _ => pre + layer.bias.val().reshape([1, 4 * filters, 1]),
    };
    let pre = steps(pre.reshape([time, batch, 4 * filters, positions]));

    let peepholes = layer.peephole.as_ref().map(|p| p.val().chunk(3, 0)); // of [1, H, P or 1]
    let peep = |gate: Tensor<3>, k: usize, c: &Tensor<3>| match &peepholes {
        Some(weights) => gate + weights[k].clone() * c.clone(), // [B, H, P]
        None => gate,
    };
    let mut h = Tensor::<3>::zeros([batch, filters, positions], &device);
    let mut c = h.clone();
    let mut states = Vec::with_capacity(time);
    for input in pre {
        let input = input.reshape([batch, 4 * filters, positions]);
        let gates = input + convolve(h, layer.w_h.val(), 1, kernel_state - 1); // [B, 4H, P]
        let gate = |k: usize| gates.clone().narrow(1, k * filters, filters);
        let i = activation::sigmoid(peep(gate(0), 0, &c));
        let f = activation::sigmoid(peep(gate(1), 1, &c));
        let g = activation::tanh(gate(2));
        c = f * c + i * g;
        let o = activation::sigmoid(peep(gate(3), 2, &c));
        h = o * activation::tanh(c.clone()); // [B, H, P]
        states.push(h.clone());
    }
    Tensor::stack::<4>(states, 0).permute([1, 0, 3, 2]) // [B, T, P, H]
}

/// A convolution with `padding` zeros on both sides together, half of them (rounded down) on the left.
fn convolve(x: Tensor<3>, weight: Tensor<3>, stride: usize, padding: usize) -> Tensor<3> {
    let left = padding / 2;
    if padding.is_multiple_of(2) {
        return conv1d(x, weight, None, ConvOptions::new([stride], [left], [1], 1));
    }
    let x = x.pad((left, padding - left, 0, 0), 0.0_f32);
    conv1d(x, weight, None, ConvOptions::new([stride], [0], [1], 1))
}
