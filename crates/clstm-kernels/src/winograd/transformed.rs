//! Transformed rows of tiles.

use super::matrices::POINTS;
use crate::aligned_buffer::AlignedBuffer;

/// For each interpolation point the transformed rows of the tiles that use it, in the order of the
/// tiles.
///
/// A tile of fewer than four outputs does not use the last points, so these have fewer rows.
#[derive(Debug)]
pub(super) struct TransformedRows {
    data: AlignedBuffer,
    /// Floats of one tile at one point: as many as those of one position.
    tile: usize,
    /// Floats from one point to the next.
    stride: usize,
    /// Tiles at each point.
    used: [usize; POINTS],
}

/// Floats between the points' rows. Without them all six would start at the same offset of a page, and
/// compete for the same cache sets and store-buffer entries.
const GAP: usize = 48;

impl TransformedRows {
    /// Room for `tiles` tiles of `tile` floats a position.
    pub(super) fn new(tile: usize, tiles: usize) -> Self {
        let stride = tile * tiles + GAP;
        Self { data: AlignedBuffer::recycled(POINTS * stride), tile, stride, used: [0; POINTS] }
    }

    /// Tiles at each point.
    pub(super) fn used(&self) -> [usize; POINTS] {
        self.used
    }

    /// Whether there is room for `tiles` more.
    pub(super) fn has_room_for(&self, tiles: usize) -> bool {
        (self.used[0] + tiles) * self.tile <= self.stride
    }

    /// Removes all tiles.
    pub(super) fn clear(&mut self) {
        self.used = [0; POINTS];
    }

    /// Appends a tile of `m` outputs: its row at each point, to be written.
    pub(super) fn push(&mut self, m: usize) -> [&mut [f32]; POINTS] {
        let mut rows = <[&mut [f32]; POINTS]>::default();
        let points = self.data.chunks_exact_mut(self.stride).zip(&mut self.used);
        for (row, (point, used)) in rows.iter_mut().zip(points).take(m + 2) {
            *row = &mut point[*used * self.tile..][..self.tile];
            *used += 1;
        }
        rows
    }

    /// The rows of a tile of `m` outputs; `next` is their index at each point, and advances.
    pub(super) fn take(&self, m: usize, next: &mut [usize; POINTS]) -> [&[f32]; POINTS] {
        let mut rows = [&[][..]; POINTS];
        let points = self.data.chunks_exact(self.stride).zip(next);
        for (row, (point, next)) in rows.iter_mut().zip(points).take(m + 2) {
            *row = &point[*next * self.tile..][..self.tile];
            *next += 1;
        }
        rows
    }

    /// All rows of point `i` from tile `first` on.
    pub(super) fn rows(&self, i: usize, first: usize) -> &[f32] {
        &self.data[i * self.stride..][first * self.tile..self.used[i] * self.tile]
    }

    /// Sets the number of tiles at each point; their rows hold arbitrary values.
    pub(super) fn resize(&mut self, tiles: [usize; POINTS]) {
        self.used = tiles;
    }

    /// [`TransformedRows::rows`] of all tiles.
    pub(super) fn rows_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.data[i * self.stride..][..self.used[i] * self.tile]
    }
}
