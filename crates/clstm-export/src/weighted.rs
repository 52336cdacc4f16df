//! Operators with constant weights, in the precision of the export.
//!
//! In `int8` a weight is `scale q` with `q` from -127 to 127 and a scale for each output (symmetric, per channel). Convolutions and
//! matrix products quantise their input, too, to `u8` by its range at run time (dynamic quantisation), and multiply integers.
//! Weights of recurrent operators, which have no integer version, are stored as `i8` and multiplied as `f32`.

use crate::WeightPrecision;
use crate::graph::{Attribute, ElementType, GraphBuilder, Name};

impl GraphBuilder {
    /// A convolution of `x` with `weights` `[filters, channels, taps ..]` and a bias `[filters]`.
    ///
    /// One input channel is the waveform or its spectrum, the input of the first layer. It is not quantised: `u8` would
    /// leave 48 dB of its range.
    pub(crate) fn convolve(
        &mut self,
        x: &str,
        (weights, shape): (&[f32], &[usize]),
        bias: Option<&[f32]>,
        attributes: &[Attribute],
    ) -> Name {
        let filters = shape[0];
        if self.precision == WeightPrecision::F32 || shape[1] == 1 {
            let weights = self.floats(weights, shape);
            let bias = bias.map(|bias| self.floats(bias, &[filters]));
            let inputs: Vec<&str> = [x, &weights].into_iter().chain(bias.as_deref()).collect();
            return self.node("Conv", &inputs, attributes);
        }
        let (quantized, scales) = quantize_rows(weights, filters);
        let quantized = self.bytes(&quantized, shape);
        let per_filter: Vec<usize> =
            std::iter::once(filters).chain(shape[2..].iter().map(|_| 1)).collect();
        let inputs = self.quantize_input(x);
        let sums = self.node("ConvInteger", &[&inputs[0], &quantized, &inputs[2]], attributes);
        self.rescale(&sums, &inputs[1], &scales, bias, &per_filter)
    }

    /// The product of `x` `[.., inputs]` and `weights` `[inputs, outputs]`, with a bias `[outputs]`.
    pub(crate) fn multiply(
        &mut self,
        x: &str,
        weights: &[f32],
        bias: Option<&[f32]>,
        [inputs, outputs]: [usize; 2],
    ) -> Name {
        if self.precision == WeightPrecision::F32 {
            let weights = self.floats(weights, &[inputs, outputs]);
            let product = self.node("MatMul", &[x, &weights], &[]);
            let bias = bias.map(|bias| self.floats(bias, &[outputs]));
            return bias.map_or(product.clone(), |bias| self.add(&product, &bias));
        }
        let (quantized, scales) = quantize_rows(&transposed(weights, outputs), outputs);
        let quantized = self.bytes(&transposed(&quantized, inputs), &[inputs, outputs]);
        let x = self.quantize_input(x);
        let sums = self.node("MatMulInteger", &[&x[0], &quantized, &x[2]], &[]);
        self.rescale(&sums, &x[1], &scales, bias, &[outputs])
    }

    /// Weights of a recurrent operator as `f32`, stored with a scale for each row of the last dimension.
    pub(crate) fn stored(&mut self, weights: &[f32], shape: &[usize]) -> Name {
        if self.precision == WeightPrecision::F32 {
            return self.floats(weights, shape);
        }
        let columns = shape.last().copied().unwrap_or(1).max(1);
        let rows = weights.len() / columns;
        let (quantized, scales) = quantize_rows(weights, rows);
        let quantized = self.bytes(&quantized, &[rows, columns]);
        let scales = self.floats(&scales, &[rows]);
        let axis = [Attribute::Int("axis", 0)];
        let weights = self.constant_node("DequantizeLinear", &[&quantized, &scales], &axis);
        let shape: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        let shape = self.ints(&shape);
        self.constant_node("Reshape", &[&weights, &shape], &[])
    }

    /// `u8` values, their scale and their zero.
    fn quantize_input(&mut self, x: &str) -> Vec<Name> {
        self.nodes("DynamicQuantizeLinear", &[x], &[], 3)
    }

    /// Integer sums as `f32`; scales and bias have the shape `shape`.
    fn rescale(
        &mut self,
        sums: &str,
        input_scale: &str,
        scales: &[f32],
        bias: Option<&[f32]>,
        shape: &[usize],
    ) -> Name {
        let sums = self.cast(sums, ElementType::Float);
        let scales = self.floats(scales, shape);
        let scale = self.mul(&scales, input_scale);
        let product = self.mul(&sums, &scale);
        let bias = bias.map(|bias| self.floats(bias, shape));
        bias.map_or(product.clone(), |bias| self.add(&product, &bias))
    }
}

/// Each of `rows` rows as integers from -127 to 127, and its scale.
fn quantize_rows(weights: &[f32], rows: usize) -> (Vec<i8>, Vec<f32>) {
    let columns = (weights.len() / rows.max(1)).max(1);
    let mut quantized = Vec::with_capacity(weights.len());
    let mut scales = Vec::with_capacity(rows);
    for row in weights.chunks(columns) {
        let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        quantized.extend(row.iter().map(|x| (x / scale).round() as i8));
        scales.push(scale);
    }
    (quantized, scales)
}

/// The transpose of a matrix of rows of `width`.
fn transposed<T: Copy>(matrix: &[T], width: usize) -> Vec<T> {
    let column = |index| matrix.iter().skip(index).step_by(width).copied();
    (0..width).flat_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::{quantize_rows, transposed};

    #[test]
    fn each_row_uses_all_of_its_range() {
        let (quantized, scales) = quantize_rows(&[1.27, -0.6, 0.0, 0.0, -0.0254, 0.01], 3);
        assert_eq!(quantized, [127, -60, 0, 0, -127, 50]);
        assert!((scales[0] - 0.01).abs() < 1e-7 && scales[1] == 1.0);
        assert!((scales[2] - 0.0002).abs() < 1e-9);
    }

    #[test]
    fn transposing_twice_changes_nothing() {
        let matrix = [1, 2, 3, 4, 5, 6];
        assert_eq!(transposed(&matrix, 3), [1, 4, 2, 5, 3, 6]);
        assert_eq!(transposed(&transposed(&matrix, 3), 2), matrix);
    }
}
