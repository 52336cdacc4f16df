use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use clstm_kernels::conv_2d::Conv2dShape;

/// [`clstm_kernels::conv_2d`] as tensor operations.
///
/// # Shapes
/// - `x`: `[batch, time, length, channels]`
/// - `weight`: `[kernel_time, kernel_length, channels, filters]`
/// - output: `[batch, ceil(time / stride_time), length, filters]`
#[must_use]
pub fn conv_2d(x: Tensor<4>, weight: Tensor<4>, shape: Conv2dShape) -> Tensor<4> {
    let x = x.permute([0, 3, 1, 2]); // [B, C, T, L]
    let weight = weight.permute([3, 2, 0, 1]); // [H, C, kT, kL]
    let covered = (shape.steps() - 1) * shape.stride_time + shape.kernel_time;
    let padding = covered.saturating_sub(shape.time);
    let (above, left) = (padding / 2, (shape.kernel_length - 1) / 2);
    let x = x.pad((left, shape.kernel_length - 1 - left, above, padding - above), 0.0_f32);
    let options = ConvOptions::new([shape.stride_time, 1], [0, 0], [1, 1], 1);
    conv2d(x, weight, None, options).permute([0, 2, 3, 1]) // [B, T', L, H]
}
