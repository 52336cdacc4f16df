//! The state-to-state convolution and its gradients, by direct sums or by tiles.

use std::ops::Range;

use super::ConvLstmShape;
use super::group::Layout;
use super::weights::reverse_taps;
use crate::Buffer;
use crate::gemm::{self, ConvTaps, GemmScalar, MatrixView, OutputMode, PackedWeights};
use crate::winograd::{self, Convolution, TransformedWeights, WinogradWeights};

/// State-to-state weights.
#[derive(Debug)]
pub(super) enum StateWeights<E: GemmScalar> {
    Direct {
        /// `[kh, H, 4H]`
        forward: PackedWeights<E>,
        /// The transposed taps in reverse order, `[kh, 4H, H]`, for the backward pass.
        back: Option<PackedWeights<E>>,
    },
    /// Three taps in training, where that is faster.
    Winograd {
        /// `[H, 4H]`
        forward: WinogradWeights,
        /// `[4H, H]`
        back: WinogradWeights,
    },
}

impl<E: GemmScalar> StateWeights<E> {
    /// Packs `w_h` `[4H, H, kh]`, for the backward pass too if `keep`.
    pub(super) fn new(shape: &ConvLstmShape, w_h: &[f32], keep: bool) -> Self {
        let (h, kh) = (shape.filters, shape.kernel_state);
        if keep && by_winograd::<E>(kh, shape.positions(), [h, 4 * h]) {
            let transformed = TransformedWeights::new(w_h);
            return Self::Winograd {
                forward: transformed.pack([h, 4 * h], [1, h]),
                back: transformed.pack([4 * h, h], [h, 1]),
            };
        }
        Self::Direct {
            forward: PackedWeights::pack([kh, h, 4 * h], w_h, [1, kh, h * kh]),
            back: keep.then(|| {
                let reversed = reverse_taps(w_h, kh);
                PackedWeights::pack([kh, 4 * h, h], &reversed, [1, h * kh, kh])
            }),
        }
    }

    /// The product with a state, and scratch for it.
    pub(super) fn product(&self, layout: &Layout) -> StateProduct<'_, E> {
        match self {
            Self::Direct { forward, .. } => StateProduct::Direct(forward),
            Self::Winograd { forward, .. } => {
                let tiles = winograd::tile_count(layout.block_positions());
                let convolution = Convolution::new(forward, layout.size, tiles);
                StateProduct::Winograd(forward, Box::new(convolution))
            }
        }
    }

    /// The gradients, none of them taken yet.
    pub(super) fn gradient(&self, shape: &ConvLstmShape, layout: &Layout) -> StateGradient<'_, E> {
        let (h, n) = (layout.filters, layout.width());
        match self {
            Self::Direct { back, .. } => StateGradient::Direct {
                back: back.as_ref().expect("kept by the forward pass"),
                w_h: Buffer::zeros(shape.kernel_state * h * n),
            },
            Self::Winograd { back, .. } => {
                let tiles = winograd::tile_count(layout.block_positions());
                StateGradient::Winograd {
                    back,
                    w_h: Box::new(winograd::WeightGradient::new([h, n], layout.size, tiles)),
                    next: Buffer::zeros(layout.hidden_len()),
                }
            }
        }
    }
}

/// Whether a convolution of stride 1 in training goes by tiles.
///
/// Inference goes by direct sums: for an utterance alone, reading six matrices instead of three takes
/// longer than the products that it saves, and were the way chosen by the number of utterances, its
/// result would not be to the bit that of the same utterance in a batch. So `y` in training is that of
/// inference only up to rounding.
pub(super) fn by_winograd<E: GemmScalar>(taps: usize, positions: usize, sizes: [usize; 2]) -> bool {
    E::floats(&[]).is_some() && taps == 3 && winograd::is_faster(positions, sizes)
}

/// The same memory as floats.
///
/// # Panics
/// If `E` is not `f32`, of which [`by_winograd`] makes sure.
pub(super) fn floats<E: GemmScalar>(x: &[E]) -> &[f32] {
    E::floats(x).expect("tiles are of f32")
}

/// The product of the weights with a state.
pub(super) enum StateProduct<'a, E: GemmScalar> {
    Direct(&'a PackedWeights<E>),
    Winograd(&'a WinogradWeights, Box<Convolution>),
}

impl<E: GemmScalar> StateProduct<'_, E> {
    /// What the state `hidden` `[P', G, H]`, padded, gives to the positions of a block, `to`
    /// `[block, G, 4H]`.
    pub(super) fn run(
        &mut self,
        layout: &Layout,
        block: Range<usize>,
        hidden: &[E],
        to: &mut [f32],
    ) {
        let (size, h) = (layout.size, layout.filters);
        let hidden = &hidden[block.start * size * h..];
        match self {
            Self::Direct(panels) => {
                let a = MatrixView { data: hidden, stride: h };
                let (rows, tap) = (block.len() * size, size * h);
                gemm::gemm_nn(rows, a, tap, panels, to, layout.width(), OutputMode::Overwrite);
            }
            Self::Winograd(kernel, convolution) => {
                convolution.apply(kernel, block.len(), floats(hidden), to);
            }
        }
    }
}

/// The gradients of the weights, summed over the steps, and of the states.
pub(super) enum StateGradient<'a, E: GemmScalar> {
    Direct {
        back: &'a PackedWeights<E>,
        /// `[kh, H, 4H]`
        w_h: Buffer,
    },
    Winograd {
        back: &'a WinogradWeights,
        w_h: Box<winograd::WeightGradient>,
        /// That of the state before, as far as the blocks have come, padded; zero between the steps.
        next: Buffer,
    },
}

impl<E: GemmScalar> StateGradient<'_, E> {
    /// Takes the gradients `d` `[block, G, 4H]` of what the padded state `hidden` gave to a block.
    pub(super) fn block(&mut self, layout: &Layout, block: Range<usize>, hidden: &[E], d: &[E]) {
        let (size, h, n) = (layout.size, layout.filters, layout.width());
        let first = block.start * size * h;
        match self {
            Self::Direct { w_h, .. } => {
                let a = MatrixView { data: &hidden[first..], stride: h };
                let taps = ConvTaps { count: w_h.len() / (h * n), stride: size * h };
                let d = MatrixView { data: d, stride: n };
                gemm::gemm_tn(block.len() * size, a, taps, d, [h, n], w_h);
            }
            Self::Winograd { back, w_h, next } => {
                w_h.add(block.len(), &floats(hidden)[first..], floats(d));
                w_h.data_gradient(back, block.len(), &mut next[first..]);
            }
        }
    }

    /// After all blocks of a step, whose padded gates now are gradients: writes that of the state
    /// before, `d_hidden` `[P', G, H]`; what it holds in the padding is of no meaning.
    pub(super) fn step(&mut self, layout: &Layout, gates: &[E], d_hidden: &mut Buffer) {
        match self {
            Self::Direct { back, .. } => {
                let (h, n) = (layout.filters, layout.width());
                let a = MatrixView { data: gates, stride: n };
                let to = &mut d_hidden[layout.hidden_start()..];
                let (rows, tap) = (layout.rows(), layout.size * n);
                gemm::gemm_nn(rows, a, tap, back, to, h, OutputMode::Overwrite);
            }
            Self::Winograd { next, .. } => {
                std::mem::swap(next, d_hidden);
                next.fill(0.0);
            }
        }
    }

    /// The gradient of the weights, `[kh, H, 4H]`.
    pub(super) fn finish(self) -> Buffer {
        match self {
            Self::Direct { w_h, .. } => w_h,
            Self::Winograd { w_h, .. } => w_h.finish(),
        }
    }
}
