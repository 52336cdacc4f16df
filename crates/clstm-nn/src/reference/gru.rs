use burn::module::Param;
use burn::tensor::{Tensor, activation};

use super::time::steps;
use crate::{BiGru, GruDirection};

/// [`BiGru::forward`] as a loop of tensor operations, both directions side by side in each.
///
/// The products with the input are computed for all steps at once. Nothing is read back from the
/// device.
#[must_use]
pub fn bi_gru(x: Tensor<3>, layer: &BiGru) -> Tensor<3> {
    let [batch, time, features] = x.dims();
    let hidden = layer.fwd.u.dims()[1];
    let device = x.device();
    let both = |part: fn(&GruDirection) -> Tensor<2>| {
        Tensor::stack::<3>(vec![part(&layer.fwd), part(&layer.bwd)], 0)
    };
    let w = both(|d| d.w.val()).swap_dims(1, 2); // [2, F, 3H]
    let u = both(|d| d.u.val()).swap_dims(1, 2); // [2, H, 3H]
    let b = both(|d| row(&d.b)); // [2, 1, 3H]
    let bn = match (&layer.fwd.bn, &layer.bwd.bn) {
        (Some(fwd), Some(bwd)) => Some(Tensor::stack::<3>(vec![row(fwd), row(bwd)], 0)), // [2, 1, H]
        _ => None,
    };
    let (u_zr, u_n) = (u.clone().narrow(2, 0, 2 * hidden), u.narrow(2, 2 * hidden, hidden));

    // Steps outermost, in the order in which each direction takes them.
    let x = x.swap_dims(0, 1); // [T, B, F]
    let x =
        Tensor::stack::<4>(vec![x.clone(), x.flip([0])], 0).reshape([2, time * batch, features]);
    let pre = (x.matmul(w) + b).reshape([2, time, batch, 3 * hidden]).swap_dims(0, 1);

    let mut h = Tensor::<3>::zeros([2, batch, hidden], &device);
    let mut states = Vec::with_capacity(time);
    for input in steps(pre) {
        let input = input.reshape([2, batch, 3 * hidden]);
        let zr = input.clone().narrow(2, 0, 2 * hidden) + h.clone().matmul(u_zr.clone());
        let zr = activation::sigmoid(zr); // [2, B, 2H]
        let (z, r) = (zr.clone().narrow(2, 0, hidden), zr.narrow(2, hidden, hidden));
        let candidate = match &bn {
            None => (r * h.clone()).matmul(u_n.clone()),
            Some(bn) => r * (h.clone().matmul(u_n.clone()) + bn.clone()),
        };
        let n = activation::tanh(input.narrow(2, 2 * hidden, hidden) + candidate);
        h = h.clone() + z * (n - h); // (1 - z) h + z n, Eq. 8
        states.push(h.clone());
    }
    let states = Tensor::stack::<4>(states, 0); // [T, 2, B, H]
    let of = |k: usize| states.clone().narrow(1, k, 1).reshape([time, batch, hidden]);
    Tensor::cat(vec![of(0), of(1).flip([0])], 2).swap_dims(0, 1) // [B, T, 2H]
}

fn row(values: &Param<Tensor<1>>) -> Tensor<2> {
    values.val().unsqueeze()
}
