//! Gradients of the weights and of the input.

use super::convolution::product;
use super::matrices::{POINTS, WEIGHTS};
use super::transformed::TransformedRows;
use super::weights::WinogradWeights;
use super::{tile_count, tiling, transform};
use crate::Buffer;
use crate::gemm::{ConvTaps, GemmTnArgs, MatrixView, gemm_tn};
use crate::simd::vectorized;

/// The gradient of the weights of a [`Convolution`](super::Convolution), summed over many additions, and
/// the gradient of its input.
///
/// # Error
/// The gradient of the weights has a root mean square error of 1.5 to 2 times that of direct sums
/// (measured against `f64` with random numbers), that of the input the error of
/// [`Convolution::apply`](super::Convolution::apply).
#[derive(Debug)]
pub struct WeightGradient {
    /// Utterances, the rows of a position.
    size: usize,
    depth: usize,
    columns: usize,
    /// Transformed inputs.
    x: TransformedRows,
    /// Transformed gradients of the outputs.
    d: TransformedRows,
    /// Transformed gradients of the inputs.
    dx: TransformedRows,
    /// `[6, depth, columns]`
    sums: Buffer,
}

/// Minimum rows for which the sums are read and written: a hundred multiply-adds for each load then
/// outweigh it.
const ROWS: usize = 128;

impl WeightGradient {
    /// For weights `[3, depth, columns]` and up to `tiles` tiles at a time of `size` utterances.
    #[must_use]
    pub fn new([depth, columns]: [usize; 2], size: usize, tiles: usize) -> Self {
        let capacity = tiles * (ROWS / size).div_ceil(tiles).max(1);
        Self {
            size,
            depth,
            columns,
            x: TransformedRows::new(size * depth, capacity),
            d: TransformedRows::new(size * columns, capacity),
            dx: TransformedRows::new(size * depth, tiles),
            sums: Buffer::zeros(POINTS * depth * columns),
        }
    }

    /// Adds the part of `positions` positions, given their inputs `x` `[positions + 2, G, depth]` and the
    /// gradients `d` `[positions, G, columns]` of their outputs.
    ///
    /// # Panics
    /// If a slice is too short, or the positions make more tiles than [`WeightGradient::new`] allows.
    pub fn add(&mut self, positions: usize, x: &[f32], d: &[f32]) {
        let count = tile_count(positions);
        if !self.d.has_room_for(count) {
            self.flush();
        }
        assert!(self.d.has_room_for(count), "winograd: {positions} positions at a time");
        let (from, into) = (self.size * self.depth, self.size * self.columns);
        for (first, m) in tiling(positions) {
            let x = &x[first * from..][..(m + 2) * from];
            transform::input_transform(m, x, self.x.push(m));
            transform::output_transform_gradient(m, &d[first * into..][..m * into], self.d.push(m));
        }
    }

    /// Adds the gradient of the inputs of the last [`WeightGradient::add`], of the same `positions`, to
    /// `to` `[positions + 2, G, depth]`. `transposed` are the weights as matrices `[columns, depth]`.
    ///
    /// # Panics
    /// If `to` is too short, or fewer positions were added.
    pub fn data_gradient(
        &mut self,
        transposed: &WinogradWeights,
        positions: usize,
        to: &mut [f32],
    ) {
        let from = self.size * self.depth;
        let mut counts = [0; POINTS];
        for (_, m) in tiling(positions) {
            counts[..m + 2].iter_mut().for_each(|count| *count += 1);
        }
        self.dx.resize(counts);
        for (i, packed) in transposed.packed.iter().enumerate() {
            let first = self.d.used()[i] - counts[i];
            product(packed, transposed, self.d.rows(i, first), self.dx.rows_mut(i));
        }
        let mut next = Default::default();
        for (first, m) in tiling(positions) {
            let to = &mut to[first * from..][..(m + 2) * from];
            transform::input_transform_gradient(m, self.dx.take(m, &mut next), to);
        }
    }

    /// Adds the products of the stored tiles to the sums.
    fn flush(&mut self) {
        let Self { depth, columns, .. } = *self;
        for (i, sums) in self.sums.chunks_exact_mut(depth * columns).enumerate() {
            let rows = self.x.rows(i, 0).len() / depth;
            gemm_tn(GemmTnArgs {
                a: MatrixView::contiguous(self.x.rows(i, 0), rows, depth),
                taps: ConvTaps::ONE,
                d: MatrixView::contiguous(self.d.rows(i, 0), rows, columns),
                grad: sums,
            });
        }
        self.x.clear();
        self.d.clear();
    }

    /// The gradient of the weights, `[3, depth, columns]`.
    #[must_use]
    pub fn finish(mut self) -> Buffer {
        self.flush();
        let plane = self.depth * self.columns;
        let mut weights = Buffer::zeros(3 * plane);
        for (tap, to) in weights.chunks_exact_mut(plane).enumerate() {
            for (row, sums) in WEIGHTS.iter().zip(self.sums.chunks_exact(plane)) {
                vectorized(
                    #[inline(always)]
                    || to.iter_mut().zip(sums).for_each(|(to, sum)| *to += row[tap] * sum),
                );
            }
        }
        weights
    }
}
