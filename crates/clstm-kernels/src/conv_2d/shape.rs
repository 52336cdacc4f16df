//! Sizes of a convolution and of the padded copies that it works on.

use crate::Precision;

/// Sizes of one convolution over time and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dShape {
    /// Utterances, B.
    pub batch: usize,
    /// Time steps of the input, T.
    pub time: usize,
    /// Positions, L.
    pub length: usize,
    /// Channels of the input, C.
    pub channels: usize,
    /// Channels of the output, H.
    pub filters: usize,
    /// Taps in time, kT.
    pub kernel_time: usize,
    /// Taps along the length, kL.
    pub kernel_length: usize,
    /// Time steps from one output to the next, S.
    pub stride_time: usize,
    /// Number format of the products' operands.
    pub precision: Precision,
}

impl Conv2dShape {
    /// Time steps of the output, `ceil(T / S)`.
    ///
    /// # Panics
    /// If the stride is 0.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.time.div_ceil(self.stride_time)
    }

    /// Floats of the weights `[kT, kL, C, H]`.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.kernel_time * self.window() * self.filters
    }

    /// Elements of a window along the length.
    pub(super) fn window(&self) -> usize {
        self.kernel_length * self.channels
    }

    /// Positions with their padding, L'.
    pub(super) fn padded_length(&self) -> usize {
        self.length + self.kernel_length - 1
    }

    /// Rows of a product: one for each padded position of each output step.
    pub(super) fn rows(&self) -> usize {
        self.steps() * self.padded_length()
    }

    /// Time steps of each phase of a padded utterance: a tap reads `steps` of them from its own on.
    fn phase_steps(&self) -> usize {
        self.steps() + (self.kernel_time - 1) / self.stride_time
    }

    /// Elements of a padded utterance `[S, phase_steps, L', C]`, plus what the windows of the last
    /// `kL - 1` rows read beyond it.
    pub(super) fn padded(&self) -> usize {
        self.stride_time * self.phase_steps() * self.padded_length() * self.channels
            + (self.kernel_length - 1) * self.channels
    }

    /// Where step `t` of the padded utterance starts.
    pub(super) fn step_at(&self, t: usize) -> usize {
        let (phase, step) = (t % self.stride_time, t / self.stride_time);
        (phase * self.phase_steps() + step) * self.padded_length() * self.channels
    }

    /// Zero steps before the first: "same" padding, the smaller half in front.
    pub(super) fn before(&self) -> usize {
        let covered = (self.steps() - 1) * self.stride_time + self.kernel_time;
        covered.saturating_sub(self.time) / 2
    }

    /// Zero positions to the left of the first: the smaller half of the padding along the length.
    pub(super) fn left(&self) -> usize {
        (self.kernel_length - 1) / 2
    }

    /// Elements of one utterance of the input.
    pub(super) fn input(&self) -> usize {
        self.time * self.length * self.channels
    }

    /// Elements of one utterance of the output.
    pub(super) fn output(&self) -> usize {
        self.steps() * self.length * self.filters
    }

    pub(super) fn check(&self, x: &[f32], w: &[f32], y: &[f32]) {
        let sizes = [self.time, self.length, self.channels, self.filters];
        let kernel = [self.kernel_time, self.kernel_length, self.stride_time];
        assert!(
            sizes.into_iter().chain(kernel).all(|size| size > 0),
            "conv_2d: every size must be positive: {self:?}"
        );
        assert_eq!(x.len(), self.batch * self.input(), "conv_2d: x is [B, T, L, C]");
        assert_eq!(w.len(), self.weights(), "conv_2d: weights are [kT, kL, C, H]");
        assert_eq!(y.len(), self.batch * self.output(), "conv_2d: y is [B, T', L, H]");
    }
}
