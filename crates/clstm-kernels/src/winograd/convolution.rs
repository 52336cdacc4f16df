//! The convolution.

use super::transformed::TransformedRows;
use super::weights::WinogradWeights;
use super::{tile_count, tiling, transform};
use crate::gemm::{self, MatrixView, OutputMode};

/// Scratch for convolutions of given sizes.
#[derive(Debug)]
pub struct Convolution {
    /// Utterances, the rows of a position.
    size: usize,
    /// Inputs at the points.
    x: TransformedRows,
    /// Outputs at the points.
    y: TransformedRows,
}

impl Convolution {
    /// For up to `tiles` tiles at a time of `size` utterances, by `kernel` or one of its sizes.
    #[must_use]
    pub fn new(kernel: &WinogradWeights, size: usize, tiles: usize) -> Self {
        let points = |width: usize| TransformedRows::new(size * width, tiles);
        Self { size, x: points(kernel.depth), y: points(kernel.columns) }
    }

    /// Convolves `x` `[positions + 2, G, depth]` to `to` `[positions, G, columns]`, whatever was there
    /// before.
    ///
    /// What an utterance becomes does not depend on how many there are.
    ///
    /// # Error
    /// Of sums of 96 to 384 products of random numbers the root mean square error is 1.9 times that of
    /// the direct sums, `3.5e-7` to `5.7e-7` of the root mean square of the outputs, and the largest of
    /// many outputs some ten times as far off (measured against `f64`).
    ///
    /// # Panics
    /// If a slice is too short, or there are more tiles than the scratch has room for.
    pub fn apply(&mut self, kernel: &WinogradWeights, positions: usize, x: &[f32], to: &mut [f32]) {
        self.x.clear();
        assert!(
            self.x.has_room_for(tile_count(positions)),
            "winograd: {positions} positions at a time"
        );
        let (from, into) = (self.size * kernel.depth, self.size * kernel.columns);
        for (first, m) in tiling(positions) {
            transform::input_transform(m, &x[first * from..][..(m + 2) * from], self.x.push(m));
        }
        self.y.resize(self.x.used());
        for (i, panels) in kernel.panels.iter().enumerate() {
            product(panels, kernel, self.x.rows(i, 0), self.y.rows_mut(i));
        }
        let mut next = Default::default();
        for (first, m) in tiling(positions) {
            let to = &mut to[first * into..][..m * into];
            transform::output_transform(m, self.y.take(m, &mut next), to);
        }
    }
}

/// `to = rows * panels`
pub(super) fn product(
    panels: &gemm::PackedWeights<f32>,
    &WinogradWeights { depth, columns, .. }: &WinogradWeights,
    rows: &[f32],
    to: &mut [f32],
) {
    let count = rows.len() / depth;
    let rows = MatrixView { data: rows, stride: depth };
    gemm::gemm_nn(count, rows, 0, panels, to, columns, OutputMode::Overwrite);
}
