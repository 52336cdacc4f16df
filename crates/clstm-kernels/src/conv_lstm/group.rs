//! A group of utterances: its memory and layout.

use std::ops::Range;

use super::ConvLstmShape;
use super::input::GroupInput;
use crate::Buffer;
use crate::gemm::GemmScalar;
use crate::padding::widen_into;
use crate::simd::vectorized;
use crate::winograd;

/// One group's memory. A row is a `(position, utterance)`; the utterance is the inner index.
#[derive(Debug)]
pub(crate) struct Group<E: GemmScalar> {
    pub(crate) layout: Layout,
    pub(super) input: GroupInput<E>,
    /// Raw input-to-state pre-activations `[T, P, G, 4H]`, if a batch norm normalises them.
    pub(super) pre: Option<Buffer<E>>,
    /// Activated gates `[T, P'', G, 4H]` between rows of zeros; the backward pass replaces them by the
    /// gradients of the pre-activations.
    pub(super) gates: Buffer<E>,
    /// Cell states `[T + 1, P, G, H]`, the first zero.
    pub(super) cells: Buffer,
    /// Padded hidden states `[T + 1, P', G, H]`, the first zero.
    pub(crate) hidden: Buffer<E>,
}

/// Sizes of one group's memory, in elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Utterances in this group, G.
    pub(crate) size: usize,
    /// Positions, P.
    pub(crate) positions: usize,
    /// Filters, H.
    pub(crate) filters: usize,
    /// Zero positions before the state, for the state-to-state convolution.
    left: usize,
    /// Zero positions on both sides together.
    padding: usize,
}

/// Floats of pre-activations of one block. A first-level cache of 48 KiB holds too few rows of the
/// widest layer; three arrays of this size (128 KiB each) fit a second-level cache of 1 MiB.
const BLOCK: usize = 32_768;

/// Minimum rows of a product: with fewer, loading the weights takes longer than multiplying.
const BLOCK_ROWS: usize = 96;

impl Layout {
    pub(super) fn new(shape: &ConvLstmShape, size: usize) -> Self {
        let padding = shape.kernel_state - 1;
        Self {
            size,
            positions: shape.positions(),
            filters: shape.filters,
            left: padding / 2,
            padding,
        }
    }

    /// Rows of one step.
    pub(super) fn rows(&self) -> usize {
        self.positions * self.size
    }

    /// Width of a row of gates.
    pub(super) fn width(&self) -> usize {
        4 * self.filters
    }

    /// Elements of one step's pre-activations, without padding.
    pub(super) fn pre_len(&self) -> usize {
        self.rows() * self.width()
    }

    /// Elements of one step's gates, padded.
    pub(super) fn gates_len(&self) -> usize {
        (self.positions + self.padding) * self.size * self.width()
    }

    /// Where the first row of gates starts. The padding is that of the state, mirrored: the gradient
    /// flows from position `p` back to state `q` where the convolution read `q` for `p`.
    pub(super) fn gates_start(&self) -> usize {
        (self.padding - self.left) * self.size * self.width()
    }

    /// Elements of one step's cell states.
    pub(crate) fn state_len(&self) -> usize {
        self.rows() * self.filters
    }

    /// Elements of one step's hidden states, padded.
    pub(crate) fn hidden_len(&self) -> usize {
        (self.positions + self.padding) * self.size * self.filters
    }

    /// Where the first row of a hidden state starts.
    pub(crate) fn hidden_start(&self) -> usize {
        self.left * self.size * self.filters
    }

    /// Runs of positions that go through all of a step's work together.
    ///
    /// They hold whole Winograd tiles, so that a position's result does not depend on its block.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let rows = (BLOCK / self.width()).max(BLOCK_ROWS);
        let block = (rows / self.size).max(1).next_multiple_of(winograd::TILE);
        let positions = self.positions;
        (0..positions).step_by(block).map(move |p| p..(p + block).min(positions))
    }

    /// Positions of the largest of [`Layout::blocks`].
    pub(super) fn block_positions(&self) -> usize {
        self.blocks().map(|block| block.len()).max().unwrap_or(0)
    }
}

/// Consumer of a group's hidden states, step by step.
pub(crate) trait OutputSink<E: GemmScalar>: Send {
    /// Consumes `hidden` `[P, G, H]` of step `t`.
    fn step(&mut self, layout: &Layout, t: usize, hidden: &[E]);
}

/// Provider of the gradients of a group's hidden states.
pub(crate) trait GradSource<E: GemmScalar>: Sync {
    /// Adds those at `[t, position]`, from `position` on, to `d`. `d` and the states `hidden` are
    /// `[positions, G, H]`.
    fn add(&self, layout: &Layout, at: [usize; 2], hidden: &[E], d: &mut [f32]);
}

/// Copies hidden states to `[G, T, P, H]`.
pub(super) struct StateSink<'a> {
    pub(super) time: usize,
    pub(super) y: &'a mut [f32],
}

impl<E: GemmScalar> OutputSink<E> for StateSink<'_> {
    fn step(&mut self, layout: &Layout, t: usize, hidden: &[E]) {
        unpack_step(layout, hidden, [t, self.time], self.y);
    }
}

/// Gradients of the output of [`StateSink`], `[G, T, P, H]`.
pub(super) struct StateGradSource<'a> {
    pub(super) time: usize,
    pub(super) dy: &'a [f32],
}

impl<E: GemmScalar> GradSource<E> for StateGradSource<'_> {
    fn add(&self, layout: &Layout, [t, position]: [usize; 2], _: &[E], d: &mut [f32]) {
        let (positions, h) = (layout.positions, layout.filters);
        for (row, to) in d.chunks_exact_mut(h).enumerate() {
            let (p, g) = (position + row / layout.size, row % layout.size);
            let from = &self.dy[((g * self.time + t) * positions + p) * h..][..h];
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }
}

/// Divides a batch into groups of nearly equal size, none larger than [`crate::UTTERANCE_BLOCK`].
pub(crate) fn group_ranges(batch: usize) -> Vec<Range<usize>> {
    let count = batch.div_ceil(crate::UTTERANCE_BLOCK);
    (0..count).map(|i| i * batch / count..(i + 1) * batch / count).collect()
}

/// The parts of `data` (`per_utterance` elements per utterance) of each range.
pub(crate) fn split<'a, T>(
    mut data: &'a mut [T],
    ranges: &[Range<usize>],
    per_utterance: usize,
) -> Vec<&'a mut [T]> {
    let take = |range: &Range<usize>| {
        let (part, rest) = std::mem::take(&mut data).split_at_mut(range.len() * per_utterance);
        data = rest;
        part
    };
    ranges.iter().map(take).collect()
}

/// Copies one step `[P, G, H]` into `[G, T, P, H]`.
pub(super) fn unpack_step<E: GemmScalar>(
    layout: &Layout,
    from: &[E],
    [t, time]: [usize; 2],
    to: &mut [f32],
) {
    let (size, positions, h) = (layout.size, layout.positions, layout.filters);
    vectorized(
        #[inline(always)]
        || {
            for p in 0..positions {
                for g in 0..size {
                    let at = ((g * time + t) * positions + p) * h;
                    widen_into(&from[(p * size + g) * h..][..h], &mut to[at..at + h]);
                }
            }
        },
    );
}
