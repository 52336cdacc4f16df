//! Sizes of a ConvLSTM layer.

use serde::{Deserialize, Serialize};

use super::Params;
use super::state::uses_winograd;
use crate::Precision;

/// Which peephole connections (the `w_c` terms of Eq. 2-4) the cell has. Settings files name them in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peepholes {
    /// No `w_c` terms: what Keras' `ConvLSTM1D` computes.
    None,
    /// One weight per filter, `[3, H]`.
    Channel,
    /// One weight per filter and position, `[3, H, P]`, as Eq. 2-4 write them.
    Full,
}

/// Sizes of one ConvLSTM layer.
#[derive(Clone, Copy, Debug)]
pub struct ConvLstmShape {
    /// Utterances, B.
    pub batch: usize,
    /// Time steps (the paper's segments), T.
    pub time: usize,
    /// Input channels, C.
    pub channels: usize,
    /// Input length, L.
    pub length: usize,
    /// Filters of each gate, H.
    pub filters: usize,
    /// Taps of the input-to-state convolution, kx.
    pub kernel_input: usize,
    /// Taps of the state-to-state convolution, kh.
    pub kernel_state: usize,
    /// Stride of the input-to-state convolution.
    pub stride: usize,
    /// Peephole connections.
    pub peepholes: Peepholes,
    /// Number format of the products' operands.
    pub precision: Precision,
}

impl ConvLstmShape {
    /// Positions along the length after the strided input convolution, `P = ceil(L / stride)`.
    ///
    /// # Panics
    /// If the stride is 0.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.length.div_ceil(self.stride)
    }

    /// Whether a forward pass that keeps its states for the backward pass computes a convolution by
    /// Winograd's algorithm. Its output then equals that of inference up to rounding only; otherwise
    /// both are bit-identical. See the [module](super#training-and-inference).
    #[must_use]
    pub fn trains_by_winograd(&self) -> bool {
        self.input_trains_by_winograd() || self.state_trains_by_winograd()
    }

    /// [`ConvLstmShape::trains_by_winograd`] of the input-to-state convolution.
    pub(super) fn input_trains_by_winograd(&self) -> bool {
        let sizes = [self.channels, 4 * self.filters];
        self.channels > 1
            && self.stride == 1
            && uses_winograd(self.precision, self.kernel_input, self.positions(), sizes)
    }

    /// [`ConvLstmShape::trains_by_winograd`] of the state-to-state convolution.
    pub(super) fn state_trains_by_winograd(&self) -> bool {
        let sizes = [self.filters, 4 * self.filters];
        uses_winograd(self.precision, self.kernel_state, self.positions(), sizes)
    }

    /// Zeros on both sides of the input together; "same" padding puts half (rounded down) left.
    pub(super) fn input_padding(&self) -> usize {
        ((self.positions() - 1) * self.stride + self.kernel_input).saturating_sub(self.length)
    }

    /// Length of a padded time step, L'.
    pub(super) fn padded_length(&self) -> usize {
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

    pub(super) fn check_input(&self, x: &[f32]) {
        let Self { batch, time, channels, length, .. } = *self;
        assert!(batch > 0 && time > 0, "ConvLSTM sizes must be positive: {self:?}");
        assert_eq!(x.len(), batch * time * length * channels, "x is [B, T, L, C]");
    }

    /// Checks what does not depend on the batch.
    pub(super) fn check_params(&self, params: &Params<'_>) {
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
