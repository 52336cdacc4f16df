//! Weights at the points.

use super::matrices::{POINTS, WEIGHTS};
use crate::Buffer;
use crate::activation::vectorized;
use crate::gemm::PackedWeights;

/// Weights of three taps at the points, one plane each, in the order that the weights had.
#[derive(Debug)]
pub struct TransformedWeights {
    planes: Buffer,
    /// Floats of a plane.
    len: usize,
}

impl TransformedWeights {
    /// Of `weights` `[.., 3]`, the taps innermost.
    ///
    /// # Panics
    /// If their number is not a multiple of three.
    #[must_use]
    pub fn new(weights: &[f32]) -> Self {
        let (weights, rest) = weights.as_chunks::<3>();
        assert!(rest.is_empty(), "winograd: weights of three taps");
        let len = weights.len();
        let mut planes = Buffer::recycled(POINTS * len);
        for (plane, row) in planes.chunks_exact_mut(len.max(1)).zip(&WEIGHTS) {
            vectorized(
                #[inline(always)]
                || {
                    for (to, w) in plane.iter_mut().zip(weights) {
                        *to = row[0] * w[0] + row[1] * w[1] + row[2] * w[2];
                    }
                },
            );
        }
        Self { planes, len }
    }

    /// Packs the matrices `[depth, columns]`, element `(k, n)` of each being that of the weights
    /// `k * strides[0] + n * strides[1]`, not counting taps. The transposed matrices are the kernel of
    /// [`WeightGradient::data_gradient`](super::WeightGradient::data_gradient).
    ///
    /// # Panics
    /// If there is no such element.
    #[must_use]
    pub fn pack(&self, [depth, columns]: [usize; 2], strides: [usize; 2]) -> WinogradWeights {
        let pack = |i: usize| {
            let plane = &self.planes[i * self.len..][..self.len];
            PackedWeights::pack([1, depth, columns], plane, [0, strides[0], strides[1]])
        };
        WinogradWeights { panels: (0..POINTS).map(pack).collect(), depth, columns }
    }
}

/// Matrices `[depth, columns]` at the points, packed.
#[derive(Debug)]
pub struct WinogradWeights {
    pub(super) panels: Vec<PackedWeights<f32>>,
    pub(super) depth: usize,
    pub(super) columns: usize,
}
