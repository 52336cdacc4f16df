use burn::tensor::Tensor;
use burn::tensor::module::conv1d;
use burn::tensor::ops::ConvOptions;
use clstm_kernels::filterbank::FilterbankShape;

/// [`clstm_kernels::filterbank`] as tensor operations.
///
/// # Shapes
/// - `waveform`: `[batch, samples]`
/// - `taps`: `[2, filters, kernel]`
/// - output: `[batch, frames, filters]`
#[must_use]
pub fn filterbank(waveform: Tensor<2>, taps: Tensor<3>, shape: FilterbankShape) -> Tensor<3> {
    let FilterbankShape { batch, samples, filters, kernel, stride, pool } = shape;
    let (frames, before) = (shape.frames(), kernel.saturating_sub(stride) / 2);
    let covered = (frames * pool - 1) * stride + kernel;
    let after = covered.saturating_sub(before + samples);
    let waveform = waveform.reshape([batch, 1, samples]).pad((before, after, 0, 0), 0.0_f32);
    let taps = taps.reshape([2 * filters, 1, kernel]);
    let outputs = conv1d(waveform, taps, None, ConvOptions::new([stride], [0], [1], 1));
    let outputs = outputs.narrow(2, 0, frames * pool); // [B, 2F, N P]
    let squares = (outputs.clone() * outputs).reshape([batch, 2, filters, frames * pool]);
    let moduli = squares.sum_dim(1).reshape([batch, filters, frames, pool]);
    moduli.mean_dim(3).reshape([batch, filters, frames]).swap_dims(1, 2)
}
