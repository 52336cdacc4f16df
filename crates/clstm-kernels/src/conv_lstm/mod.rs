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
//! position is then a shift by a whole number of rows, so that each tap of a convolution is one GEMM
//! over all positions and utterances on a view of the padded input: no window is ever copied. The
//! first layer (one input channel) takes its windows straight out of the waveform. Gates are computed
//! in place over the pre-activations, right after the GEMM has left them in the cache.

mod backward;
mod forward;
mod gates;
mod group;
mod norm;
mod pack;

pub use backward::{Gradients, backward};
pub use forward::forward;
pub use norm::{InputNorm, Statistics};

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
pub struct Shape {
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

impl Shape {
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

    /// Positions of a padded state.
    fn padded_positions(&self) -> usize {
        self.positions() + self.kernel_state - 1
    }

    /// Values of one peephole gate: `H * P`, `H`, or 0.
    fn peephole_len(&self) -> usize {
        match self.peepholes {
            Peepholes::None => 0,
            Peepholes::Channel => self.filters,
            Peepholes::Full => self.filters * self.positions(),
        }
    }

    fn check(&self, x: &[f32], params: &Params<'_>) {
        let Self { batch, time, channels, length, filters: h, .. } = *self;
        assert!(
            batch > 0 && time > 0 && channels > 0 && length > 0 && h > 0 && self.stride > 0,
            "ConvLSTM sizes must be positive: {self:?}"
        );
        assert!(self.kernel_input > 0 && self.kernel_state > 0, "kernels need at least one tap");
        assert_eq!(x.len(), batch * time * length * channels, "x is [B, T, L, C]");
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
pub struct Saved {
    weights: pack::Weights,
    groups: Vec<group::Group>,
    norm: Option<norm::BatchNorm>,
}

impl Saved {
    /// The cell states `c`, `[B, T, P, H]`, for tests and for looking into the cell.
    #[must_use]
    pub fn cell_states(&self, shape: &Shape) -> Buffer {
        let (time, positions, filters) = (shape.time, shape.positions(), shape.filters);
        let mut out = Buffer::any(shape.batch * time * positions * filters);
        let mut start = 0;
        for group in &self.groups {
            let size = group.size * time * positions * filters;
            group.unpack_states(
                shape,
                &group.cells[group.state_len(shape)..],
                0,
                &mut out[start..start + size],
            );
            start += size;
        }
        out
    }
}
