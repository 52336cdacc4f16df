//! ConvLSTM along the length axis (Eq. 2-7), forward and backward, as one operation.
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
//! With [`InputNorm`] the input-to-state term `w_x * x_t` is batch-normalised per gate channel
//! before it enters the gates (the bias is then the norm's shift).
//!
//! # How it is fast
//! A group of utterances is kept as `[time, position, utterance, channel]`. Shifting a window by one
//! position is then a shift by a whole number of rows, so that a convolution is a product on views of
//! the padded input, its taps summed in registers: no window is ever copied. The first layer (one
//! input channel) takes its windows straight out of the waveform.
//!
//! In training with `f32`, convolutions of three taps and stride 1 over enough channels take half the
//! multiplications, by the tiles of [`winograd`](crate::winograd).
//!
//! A step goes through its positions in blocks that stay in the second-level cache: the product with
//! the state, the norm's affine map and the gates, then the next block. With
//! [`Precision::Bf16`](crate::Precision) everything of the size of the gates is stored in bf16, which
//! halves the traffic as well as the time of the products; sums, cell states and statistics are `f32`.

pub(crate) mod backward;
pub(crate) mod forward;
mod gates;
pub(crate) mod group;
mod input;
pub(crate) mod norm;
mod prepared;
mod state;
mod weights;
mod winograd_input;

pub use backward::{Gradients, backward};
pub use forward::forward;
pub use norm::{InputNorm, Statistics};
pub use prepared::PreparedConvLstm;

use half::bf16;

use crate::gemm::GemmScalar;
use crate::{Buffer, Precision};

/// Which peephole connections (the `w_c` terms of Eq. 2-4) the cell has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peepholes {
    /// No `w_c` terms.
    None,
    /// One weight a filter, `[3, H]`.
    Channel,
    /// One weight a filter and position, `[3, H, P]`, as Eq. 2-4 write them.
    Full,
}

/// Sizes of one ConvLSTM layer.
#[derive(Clone, Copy, Debug)]
pub struct ConvLstmShape {
    /// Utterances, B.
    pub batch: usize,
    /// Time steps (segments), T.
    pub time: usize,
    /// Input channels, C.
    pub channels: usize,
    /// Input length, L.
    pub length: usize,
    /// Filters of each gate, H.
    pub filters: usize,
    /// Taps of the input-to-state convolution.
    pub kernel_input: usize,
    /// Taps of the state-to-state convolution.
    pub kernel_state: usize,
    /// Stride of the input-to-state convolution.
    pub stride: usize,
    /// Peephole connections.
    pub peepholes: Peepholes,
    /// Operands of the products.
    pub precision: Precision,
}

impl ConvLstmShape {
    /// Positions along the length after the strided input convolution, `P = ceil(L / stride)`.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.length.div_ceil(self.stride)
    }

    /// Zeros on both sides of the input together; "same" padding puts half (rounded down) left.
    fn input_padding(&self) -> usize {
        ((self.positions() - 1) * self.stride + self.kernel_input).saturating_sub(self.length)
    }

    /// Length of a padded input segment.
    fn padded_length(&self) -> usize {
        self.length + self.input_padding()
    }

    /// Values of one peephole gate: `H * P`, `H`, or 0.
    fn peephole_len(&self) -> usize {
        match self.peepholes {
            Peepholes::None => 0,
            Peepholes::Channel => self.filters,
            Peepholes::Full => self.filters * self.positions(),
        }
    }

    fn check_input(&self, x: &[f32]) {
        let Self { batch, time, channels, length, .. } = *self;
        assert!(batch > 0 && time > 0, "ConvLSTM sizes must be positive: {self:?}");
        assert_eq!(x.len(), batch * time * length * channels, "x is [B, T, L, C]");
    }

    /// Checks what does not depend on the batch.
    fn check_params(&self, params: &Params<'_>) {
        let Self { channels, length, filters: h, .. } = *self;
        assert!(
            channels > 0 && length > 0 && h > 0 && self.stride > 0,
            "ConvLSTM sizes must be positive: {self:?}"
        );
        assert!(self.kernel_input > 0 && self.kernel_state > 0, "kernels need at least one tap");
        assert_eq!(params.w_x.len(), 4 * h * channels * self.kernel_input, "w_x is [4H, C, kx]");
        assert_eq!(params.w_h.len(), 4 * h * h * self.kernel_state, "w_h is [4H, H, kh]");
        assert_eq!(params.bias.len(), 4 * h, "bias is [4H]");
        assert_eq!(params.peephole.len(), 3 * self.peephole_len(), "peephole: {self:?}");
    }
}

/// Parameters of the layer; gates in the order i, f, g, o.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    /// Input-to-state weights `[4H, C, kx]`.
    pub w_x: &'a [f32],
    /// State-to-state weights `[4H, H, kh]`.
    pub w_h: &'a [f32],
    /// Biases `[4H]`; the shift of the norm where there is one.
    pub bias: &'a [f32],
    /// Peephole weights of i, f, o: `[3, H, P]`, `[3, H]`, or empty.
    pub peephole: &'a [f32],
}

/// What the backward pass needs of a forward pass.
#[derive(Debug)]
pub enum Saved {
    /// Of [`Precision::F32`].
    F32(SavedOf<f32>),
    /// Of [`Precision::Bf16`].
    Bf16(SavedOf<bf16>),
}

/// What the backward pass needs, activations and gates being of type `E`.
#[derive(Debug)]
pub struct SavedOf<E: GemmScalar> {
    weights: weights::Weights<E>,
    pub(crate) groups: Vec<group::Group<E>>,
    norm: Option<norm::BatchNorm>,
}

impl Saved {
    /// The cell states `c`, `[B, T, P, H]`, for tests and for looking into the cell.
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
