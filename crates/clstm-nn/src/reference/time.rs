use burn::tensor::Tensor;

/// The steps of `[time, ..]`, each `[1, ..]`.
///
/// Cut in half again and again: the gradient of a slice is as large as what it was cut from, so that
/// cutting every step from the whole would cost time squared.
pub(super) fn steps<const D: usize>(x: Tensor<D>) -> Vec<Tensor<D>> {
    let time = x.dims()[0];
    if time == 1 {
        return vec![x];
    }
    let half = time / 2;
    let mut first = steps(x.clone().narrow(0, 0, half));
    first.extend(steps(x.narrow(0, half, time - half)));
    first
}
