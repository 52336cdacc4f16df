//! ConvLSTM along the length axis (Eq. 2-7 of the paper), forward and backward, as one operation.
//!
//! ```text
//! i = σ(w_ix * x_t + w_ih * h_{t-1} + w_ic ∘ c_{t-1} + b_i)
//! f = σ(w_fx * x_t + w_fh * h_{t-1} + w_fc ∘ c_{t-1} + b_f)
//! g = tanh(w_gx * x_t + w_gh * h_{t-1} + b_g)
//! c_t = f ∘ c_{t-1} + i ∘ g
//! o = σ(w_ox * x_t + w_oh * h_{t-1} + w_oc ∘ c_t + b_o)
//! h_t = o ∘ tanh(c_t)
//! ```
//!
//! (`*` is a convolution, `∘` a product of elements.) With [`InputNorm`] the input-to-state term
//! `w_x * x_t` is batch-normalised per gate channel before it enters the gates; the bias is then the
//! norm's shift.
//!
//! # Method
//! A group of utterances is stored as `[time, position, utterance, channel]`. Shifting a window by one
//! position is then a shift by a whole number of rows, so a convolution is a product on views of the
//! padded input, its taps summed in registers: no window is ever copied. The first layer (one input
//! channel) takes its windows straight from the waveform, or from its spectra
//! ([`fft_conv`](crate::fft_conv)) for long kernels.
//!
//! In training with `f32`, convolutions of three taps and stride 1 over enough channels take half the
//! multiplications, by Winograd's algorithm ([`winograd`](crate::winograd)).
//!
//! A step works through its positions in blocks that stay in the second-level cache: the product with
//! the state, the norm's affine map and the gates, then the next block. With
//! [`Precision::Bf16`](crate::Precision) everything of the size of the gates is stored in bf16, which
//! halves both the memory traffic and the time of the products; sums, cell states and statistics are
//! `f32`.
//!
//! # Training and inference
//! [`forward`] without `keep` and [`PreparedConvLstm`] are inference; [`forward`] with `keep` is the
//! forward pass of training.
//!
//! - Inference is bit-identical for an utterance alone, in any batch and on any number of threads.
//! - Training is bit-identical for any number of threads.
//! - For the same parameters and norm, training and inference are bit-identical unless
//!   [`ConvLstmShape::trains_by_winograd`]; then they differ by the rounding of Winograd's algorithm
//!   (some 1e-7 of the outputs, which lie in -1..1, per time step).
//!
//! Inference does not use Winograd's algorithm: for a single utterance, reading six matrices instead
//! of three takes longer than the multiplications that it saves, and a choice by the number of
//! utterances would make the result depend on the batch.

pub(crate) mod backward;
pub(crate) mod forward;
mod gates;
pub(crate) mod group;
mod input;
mod norm;
mod prepared;
mod shape;
mod state;
mod weights;
mod winograd_input;

pub use crate::batch_norm::Statistics;
pub use backward::{Gradients, backward};
pub use forward::forward;
pub use norm::InputNorm;
pub use prepared::PreparedConvLstm;
pub use shape::{ConvLstmShape, Peepholes};

use half::bf16;

use crate::Buffer;
use crate::gemm::GemmScalar;

/// Parameters of the layer; gates in the order i, f, g, o.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    /// Input-to-state weights `[4H, C, kx]`.
    pub w_x: &'a [f32],
    /// State-to-state weights `[4H, H, kh]`.
    pub w_h: &'a [f32],
    /// Biases `[4H]`; with a norm, its shift.
    pub bias: &'a [f32],
    /// Peephole weights of i, f, o: `[3, H, P]`, `[3, H]`, or empty.
    pub peephole: &'a [f32],
}

/// What the backward pass needs from a forward pass.
#[derive(Debug)]
pub enum Saved {
    /// Of a pass in [`Precision::F32`](crate::Precision).
    F32(SavedOf<f32>),
    /// Of a pass in [`Precision::Bf16`](crate::Precision).
    Bf16(SavedOf<bf16>),
}

/// What the backward pass needs, with activations and gates of type `E`.
#[derive(Debug)]
pub struct SavedOf<E: GemmScalar> {
    weights: weights::Weights<E>,
    pub(crate) groups: Vec<group::Group<E>>,
    norm: Option<norm::BatchNorm>,
}

impl From<SavedOf<f32>> for Saved {
    fn from(saved: SavedOf<f32>) -> Self {
        Self::F32(saved)
    }
}

impl From<SavedOf<bf16>> for Saved {
    fn from(saved: SavedOf<bf16>) -> Self {
        Self::Bf16(saved)
    }
}

impl Saved {
    /// The cell states `c`, `[B, T, P, H]`, for tests and inspection.
    #[must_use]
    pub fn cell_states(&self, shape: &ConvLstmShape) -> Buffer {
        match self {
            Self::F32(saved) => saved.cell_states(shape),
            Self::Bf16(saved) => saved.cell_states(shape),
        }
    }
}

impl<E: GemmScalar> SavedOf<E> {
    fn cell_states(&self, shape: &ConvLstmShape) -> Buffer {
        let utterance = shape.time * shape.positions() * shape.filters;
        let mut out = Buffer::recycled(shape.batch * utterance);
        let mut rest = &mut out[..];
        for group::Group { layout, cells, .. } in &self.groups {
            let (part, tail) = rest.split_at_mut(layout.size * utterance);
            let steps = cells.chunks_exact(layout.state_len()).skip(1);
            for (t, cells) in steps.enumerate() {
                group::unpack_step(layout, cells, [t, shape.time], part);
            }
            rest = tail;
        }
        out
    }
}
