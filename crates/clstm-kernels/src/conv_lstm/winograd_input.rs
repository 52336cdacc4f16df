//! The input-to-state convolution by Winograd's algorithm, and its gradients.

use std::ops::Range;
use std::sync::Arc;

use super::ConvLstmShape;
use super::group::Layout;
use super::input::{RawGradients, unpack_rows};
use super::state::floats;
use crate::Buffer;
use crate::gemm::GemmScalar;
use crate::winograd::{self, Convolution, TransformedWeights, WeightGradient, WinogradWeights};

/// Input-to-state weights of three taps.
#[derive(Debug)]
pub(super) struct WinogradInputWeights {
    /// `[C, 4H]`
    forward: WinogradWeights,
    /// `[4H, C]`
    back: WinogradWeights,
}

impl WinogradInputWeights {
    /// From `w_x` `[4H, C, 3]`; the sizes are `[C, 4H]`.
    pub(super) fn new([c, n]: [usize; 2], w_x: &[f32]) -> Self {
        let transformed = TransformedWeights::new(w_x);
        Self { forward: transformed.pack([c, n], [1, c]), back: transformed.pack([n, c], [c, 1]) }
    }
}

/// A group's padded input `[T, L + 2, G, C]` beside the weights that it is multiplied by.
#[derive(Debug)]
pub(super) struct WinogradInput<E: GemmScalar> {
    input: Buffer<E>,
    weights: Arc<WinogradInputWeights>,
}

impl<E: GemmScalar> WinogradInput<E> {
    pub(super) fn new(input: Buffer<E>, weights: Arc<WinogradInputWeights>) -> Self {
        Self { input, weights }
    }

    /// Scratch memory for [`WinogradInput::products`], made once per group.
    pub(super) fn scratch(&self, layout: &Layout) -> Convolution {
        let tiles = winograd::tile_count(layout.block_positions());
        Convolution::new(&self.weights.forward, layout.size, tiles)
    }

    /// The padded input of step `t` from the block's first position on.
    fn block(
        &self,
        shape: &ConvLstmShape,
        layout: &Layout,
        t: usize,
        block: &Range<usize>,
    ) -> &[f32] {
        let position = layout.size * shape.channels;
        &floats(&self.input)[(t * shape.padded_length() + block.start) * position..]
    }

    /// `w_x * x_t` of the steps `time`, `[time, P, G, 4H]`.
    pub(super) fn products(
        &self,
        shape: &ConvLstmShape,
        layout: &Layout,
        time: Range<usize>,
        scratch: &mut Convolution,
        pre: &mut [f32],
    ) {
        let weights = &self.weights.forward;
        let position = layout.size * layout.width();
        for (t, pre) in time.zip(pre.chunks_exact_mut(layout.pre_len())) {
            for block in layout.blocks() {
                let x = self.block(shape, layout, t, &block);
                scratch.apply(weights, block.len(), x, &mut pre[block.start * position..]);
            }
        }
    }

    /// The gradient of `w_x`, `[3, C, 4H]`. That of the input is written to `dx` `[G, T, L, C]` if
    /// given.
    pub(super) fn gradients(
        &self,
        shape: &ConvLstmShape,
        layout: &Layout,
        raw: &mut impl RawGradients<E>,
        mut dx: Option<&mut [f32]>,
    ) -> Buffer {
        let (size, c, n) = (layout.size, shape.channels, layout.width());
        let tiles = winograd::tile_count(layout.block_positions());
        let mut gradient = WeightGradient::new([c, n], size, tiles);
        let mut rows =
            Buffer::recycled(dx.as_ref().map_or(0, |_| shape.padded_length() * size * c));
        for t in 0..shape.time {
            let d = floats(raw.elements(t));
            rows.fill(0.0);
            for block in layout.blocks() {
                let x = self.block(shape, layout, t, &block);
                gradient.add(block.len(), x, &d[block.start * size * n..]);
                if dx.is_some() {
                    let to = &mut rows[block.start * size * c..];
                    gradient.data_gradient(&self.weights.back, block.len(), to);
                }
            }
            if let Some(dx) = &mut dx {
                let inner = &rows[size * c..][..shape.length * size * c];
                unpack_rows(shape, size, t, inner, dx);
            }
        }
        gradient.finish()
    }
}
