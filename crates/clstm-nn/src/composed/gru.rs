use burn::tensor::{Tensor, activation};

use crate::{BiGru, GruDirection};

/// [`BiGru::forward`] as a loop of tensor operations.
#[must_use]
pub fn bi_gru(x: Tensor<3>, layer: &BiGru) -> Tensor<3> {
    let fwd = direction(x.clone(), &layer.fwd, false);
    let bwd = direction(x, &layer.bwd, true);
    Tensor::cat(vec![fwd, bwd], 2)
}

fn direction(x: Tensor<3>, layer: &GruDirection, reverse: bool) -> Tensor<3> {
    let [batch, time, features] = x.dims();
    let device = x.device();
    let hidden = layer.u.dims()[1];
    let pre = x.reshape([batch * time, features]).matmul(layer.w.val().transpose())
        + layer.b.val().unsqueeze(); // [B * T, 3H]
    let pre = pre.reshape([batch, time, 3 * hidden]);
    let recurrent = layer.u.val().transpose(); // [H, 3H]
    let (u_zr, u_n) =
        (recurrent.clone().narrow(1, 0, 2 * hidden), recurrent.narrow(1, 2 * hidden, hidden));
    let mut h = Tensor::<2>::zeros([batch, hidden], &device);
    let mut steps = Vec::with_capacity(time);
    for step in 0..time {
        let t = if reverse { time - 1 - step } else { step };
        let input = pre.clone().narrow(1, t, 1).reshape([batch, 3 * hidden]);
        let part = |k: usize| input.clone().narrow(1, k * hidden, hidden);
        let zr = h.clone().matmul(u_zr.clone()); // [B, 2H]
        let z = activation::sigmoid(part(0) + zr.clone().narrow(1, 0, hidden));
        let r = activation::sigmoid(part(1) + zr.narrow(1, hidden, hidden));
        let candidate = match &layer.bn {
            None => (r * h.clone()).matmul(u_n.clone()),
            Some(bn) => r * (h.clone().matmul(u_n.clone()) + bn.val().unsqueeze()),
        };
        let n = activation::tanh(part(2) + candidate);
        h = h.clone() + z * (n - h); // (1 - z) h + z n, Eq. 8
        steps.push(h.clone());
    }
    if reverse {
        steps.reverse();
    }
    Tensor::stack::<3>(steps, 1) // [B, T, H]
}
