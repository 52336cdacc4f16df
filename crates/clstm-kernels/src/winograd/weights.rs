//! Transformed weights.

use super::matrices::{POINTS, WEIGHTS};
use crate::Buffer;
use crate::gemm::PackedWeights;
use crate::simd::vectorized;

/// Weights of three taps, transformed: one plane per interpolation point, each in the order of the
/// weights.
#[derive(Debug)]
pub struct TransformedWeights {
    planes: Buffer,
    /// Floats of a plane.
    len: usize,
}

impl TransformedWeights {
    /// Transforms `weights` `[.., 3]`, the taps innermost.
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

    /// Packs the planes as matrices `[depth, columns]`; element `(k, n)` is the one at
    /// `k * strides[0] + n * strides[1]`, not counting taps. The transposed matrices are those of
    /// [`WeightGradient::data_gradient`](super::WeightGradient::data_gradient).
    ///
    /// # Panics
    /// If a size is 0 or an element lies outside the planes.
    #[must_use]
    pub fn pack(&self, [depth, columns]: [usize; 2], strides: [usize; 2]) -> WinogradWeights {
        assert!(depth > 0 && columns > 0, "winograd: every size must be positive");
        let pack = |i: usize| {
            let plane = &self.planes[i * self.len..][..self.len];
            PackedWeights::pack([1, depth, columns], plane, [0, strides[0], strides[1]])
        };
        WinogradWeights { packed: (0..POINTS).map(pack).collect(), depth, columns }
    }
}

/// Transformed matrices `[depth, columns]`, packed: one per interpolation point.
#[derive(Debug)]
pub struct WinogradWeights {
    pub(super) packed: Vec<PackedWeights<f32>>,
    pub(super) depth: usize,
    pub(super) columns: usize,
}
