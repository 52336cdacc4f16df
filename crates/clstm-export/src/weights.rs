//! The tensors of a branch by name, rearranged as ONNX operators take them.

use std::collections::HashMap;

use clstm_nn::{NORM_EPSILON, NamedTensor};

use crate::ExportError;

/// Tensors below a path, such as `branches.0.lflbs.1`.
#[derive(Clone, Debug)]
pub(crate) struct Weights<'a> {
    tensors: &'a HashMap<&'a str, &'a NamedTensor>,
    path: String,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(tensors: &'a HashMap<&'a str, &'a NamedTensor>, path: String) -> Self {
        Self { tensors, path }
    }

    /// Those below a path of these.
    pub(crate) fn below(&self, path: &str) -> Self {
        let path = match self.path.is_empty() {
            true => path.to_owned(),
            false => format!("{}.{path}", self.path),
        };
        Self { tensors: self.tensors, path }
    }

    /// The values of a tensor, if there is one of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&'a [f32]> {
        let path = self.below(name).path;
        self.tensors.get(path.as_str()).map(|tensor| &tensor.values[..])
    }

    /// The values of a tensor.
    ///
    /// # Errors
    /// If there is none of this name.
    pub(crate) fn get(&self, name: &str) -> Result<&'a [f32], ExportError> {
        self.find(name).ok_or_else(|| ExportError::MissingTensor(self.below(name).path))
    }

    /// Scale and shift of a batch norm with running statistics.
    ///
    /// # Errors
    /// If a tensor is missing.
    pub(crate) fn norm(&self, shift: &str) -> Result<(Vec<f32>, Vec<f32>), ExportError> {
        let (gamma, beta) = (self.get("gamma")?, self.get(shift)?);
        let (mean, variance) = (self.get("statistics.mean")?, self.get("statistics.variance")?);
        let scale: Vec<f32> =
            gamma.iter().zip(variance).map(|(g, v)| g / (v + NORM_EPSILON).sqrt()).collect();
        let moved = beta.iter().zip(mean.iter().zip(&scale));
        let shift = moved.map(|(beta, (mean, scale))| beta - mean * scale).collect();
        Ok((scale, shift))
    }
}

/// Multiplies each row of a matrix by its factor.
pub(crate) fn scale_rows(matrix: &[f32], factors: &[f32]) -> Vec<f32> {
    let width = matrix.len() / factors.len().max(1);
    let rows = matrix.chunks(width.max(1)).zip(factors);
    rows.flat_map(|(row, factor)| row.iter().map(move |value| value * factor)).collect()
}

/// Blocks of equal size in another order; `signs` multiplies each.
pub(crate) fn reorder(values: &[f32], order: &[usize], signs: &[f32]) -> Vec<f32> {
    let size = values.len() / order.len();
    let blocks = order.iter().zip(signs);
    blocks
        .flat_map(|(&block, &sign)| values[block * size..][..size].iter().map(move |x| sign * x))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{reorder, scale_rows};

    #[test]
    fn rows_and_blocks() {
        assert_eq!(scale_rows(&[1.0, 2.0, 3.0, 4.0], &[2.0, -1.0]), [2.0, 4.0, -3.0, -4.0]);
        let moved = reorder(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 0, 1], &[1.0, -1.0, 1.0]);
        assert_eq!(moved, [5.0, 6.0, -1.0, -2.0, 3.0, 4.0]);
    }
}
