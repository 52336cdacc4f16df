//! The state-to-state convolution and its gradients, directly or by Winograd's algorithm.

use std::ops::Range;

use super::ConvLstmShape;
use super::group::Layout;
use super::weights::reverse_taps;
use crate::gemm::{
    ConvTaps, GemmArgs, GemmScalar, GemmTnArgs, MatrixView, OutputMode, PackedWeights, gemm_nn,
    gemm_tn,
};
use crate::winograd::{self, Convolution, TransformedWeights, WeightGradient, WinogradWeights};
use crate::{Buffer, Precision};

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
    /// Packs `w_h` `[4H, H, kh]`, also for the backward pass if `keep`.
    pub(super) fn new(shape: &ConvLstmShape, w_h: &[f32], keep: bool) -> Self {
        let (h, kh) = (shape.filters, shape.kernel_state);
        if keep && shape.state_trains_by_winograd() {
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

    /// The product with a state, with its scratch memory.
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

    /// The gradients, all zero.
    pub(super) fn gradient(&self, shape: &ConvLstmShape, layout: &Layout) -> StateGradient<'_, E> {
        let (h, n) = (layout.filters, layout.width());
        match self {
            Self::Direct { back, .. } => StateGradient::Direct {
                back: back.as_ref().expect("kept by the forward pass"),
                taps: ConvTaps { count: shape.kernel_state, stride: layout.size * h },
                w_h: Buffer::zeros(shape.kernel_state * h * n),
            },
            Self::Winograd { back, .. } => {
                let tiles = winograd::tile_count(layout.block_positions());
                StateGradient::Winograd {
                    back,
                    w_h: Box::new(WeightGradient::new([h, n], layout.size, tiles)),
                    next: Buffer::zeros(layout.hidden_len()),
                }
            }
        }
    }
}

/// Whether training computes a convolution of stride 1, with matrices of `sizes` `[depth, columns]`,
/// by Winograd's algorithm. Inference never does: see the [module](super#training-and-inference).
pub(super) fn uses_winograd(
    precision: Precision,
    taps: usize,
    positions: usize,
    sizes: [usize; 2],
) -> bool {
    precision == Precision::F32 && taps == 3 && winograd::is_faster(positions, sizes)
}

/// The same memory as floats.
///
/// # Panics
/// If `E` is not `f32`, which [`uses_winograd`] ensures.
pub(super) fn floats<E: GemmScalar>(x: &[E]) -> &[f32] {
    E::floats(x).expect("Winograd's algorithm works in f32")
}

/// The product of the weights with a state.
pub(super) enum StateProduct<'a, E: GemmScalar> {
    Direct(&'a PackedWeights<E>),
    Winograd(&'a WinogradWeights, Box<Convolution>),
}

impl<E: GemmScalar> StateProduct<'_, E> {
    /// Writes the convolution of the padded state `hidden` `[P', G, H]` at the positions of a block to
    /// `to` `[block, G, 4H]`.
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
            Self::Direct(weights) => gemm_nn(GemmArgs {
                a: MatrixView::contiguous(hidden, block.len() * size, h),
                tap_stride: size * h,
                weights,
                out: to,
                out_stride: layout.width(),
                mode: OutputMode::Overwrite,
            }),
            Self::Winograd(weights, convolution) => {
                convolution.apply(weights, block.len(), floats(hidden), to);
            }
        }
    }
}

/// The gradients of the weights, summed over the steps, and of the states.
pub(super) enum StateGradient<'a, E: GemmScalar> {
    Direct {
        back: &'a PackedWeights<E>,
        taps: ConvTaps,
        /// `[kh, H, 4H]`
        w_h: Buffer,
    },
    Winograd {
        back: &'a WinogradWeights,
        w_h: Box<WeightGradient>,
        /// That of the previous state as far as the blocks have been processed, padded; zero between
        /// steps.
        next: Buffer,
    },
}

impl<E: GemmScalar> StateGradient<'_, E> {
    /// Adds the contribution of a block: `d` `[block, G, 4H]` are the gradients of its
    /// pre-activations, `hidden` the padded state that they were computed from.
    pub(super) fn block(&mut self, layout: &Layout, block: Range<usize>, hidden: &[E], d: &[E]) {
        let (size, h, n) = (layout.size, layout.filters, layout.width());
        let first = block.start * size * h;
        let rows = block.len() * size;
        match self {
            Self::Direct { w_h, taps, .. } => gemm_tn(GemmTnArgs {
                a: MatrixView::contiguous(&hidden[first..], rows, h),
                taps: *taps,
                d: MatrixView::contiguous(d, rows, n),
                grad: w_h,
            }),
            Self::Winograd { back, w_h, next } => {
                w_h.add(block.len(), &floats(hidden)[first..], floats(d));
                w_h.data_gradient(back, block.len(), &mut next[first..]);
            }
        }
    }

    /// After all blocks of a step, whose padded gates are gradients by now: writes the gradient of the
    /// previous state to `d_hidden` `[P', G, H]`. Its padding then holds arbitrary values.
    pub(super) fn step(&mut self, layout: &Layout, gates: &[E], d_hidden: &mut Buffer) {
        match self {
            Self::Direct { back, .. } => gemm_nn(GemmArgs {
                a: MatrixView::contiguous(gates, layout.rows(), layout.width()),
                tap_stride: layout.size * layout.width(),
                weights: back,
                out: &mut d_hidden[layout.hidden_start()..],
                out_stride: layout.filters,
                mode: OutputMode::Overwrite,
            }),
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
