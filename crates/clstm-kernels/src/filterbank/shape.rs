//! Sizes of a filterbank.

/// Sizes of one filterbank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterbankShape {
    /// Utterances, B.
    pub batch: usize,
    /// Samples of an utterance, N.
    pub samples: usize,
    /// Filters, F.
    pub filters: usize,
    /// Taps of a filter, K.
    pub kernel: usize,
    /// Samples from one output of a filter to the next, S.
    pub stride: usize,
    /// Outputs whose energies are averaged, P.
    pub pool: usize,
}

impl FilterbankShape {
    /// Frames of an utterance, `ceil(ceil(N / S) / P)`; samples after its end count as zeros.
    ///
    /// # Panics
    /// If the stride or the pooling is 0.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.samples.div_ceil(self.stride).div_ceil(self.pool)
    }

    /// Outputs of a filter over an utterance.
    pub(super) fn positions(&self) -> usize {
        self.frames() * self.pool
    }

    /// Real and imaginary parts of all filters.
    pub(super) fn columns(&self) -> usize {
        2 * self.filters
    }

    /// Samples with their padding.
    pub(super) fn padded(&self) -> usize {
        ((self.positions() - 1) * self.stride + self.kernel).max(self.before() + self.samples)
    }

    /// Zeros before the first sample: the first window is centred on the first stride of samples.
    pub(super) fn before(&self) -> usize {
        self.kernel.saturating_sub(self.stride) / 2
    }

    /// Energies of one utterance.
    pub(super) fn output(&self) -> usize {
        self.frames() * self.filters
    }

    pub(super) fn check(&self, x: &[f32], w: &[f32], y: &[f32]) {
        let sizes = [self.samples, self.filters, self.kernel, self.stride, self.pool];
        assert!(
            sizes.into_iter().all(|size| size > 0),
            "filterbank: every size must be positive: {self:?}"
        );
        assert_eq!(x.len(), self.batch * self.samples, "filterbank: x is [B, N]");
        assert_eq!(w.len(), self.columns() * self.kernel, "filterbank: weights are [2, F, K]");
        assert_eq!(y.len(), self.batch * self.output(), "filterbank: energies are [B, frames, F]");
    }
}
