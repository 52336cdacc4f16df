//! A local feature learning block (LFLB in the paper): ConvLSTM, batch normalisation and max pooling as
//! one operation.
//!
//! The hidden states of the ConvLSTM, by far the largest tensor of a block, never leave the memory of
//! their group. Their moments are taken as they are computed, pooling reads them in place, and in the
//! backward pass the gradient of a state is computed from that of the pooled output when needed.
//!
//! The result is that of [`conv_lstm`](crate::conv_lstm) followed by
//! [`norm_pool`](crate::norm_pool).

mod backward;
mod forward;
mod pool;
mod prepared;

use crate::Buffer;
use crate::batch_norm::reciprocal_deviation;
use crate::conv_lstm;
use crate::max_pool::PooledAffine;

pub use crate::batch_norm::Statistics;
pub use backward::{Gradients, backward};
pub use forward::forward;
pub use prepared::PreparedLflb;

/// Sizes of one block.
#[derive(Clone, Copy, Debug)]
pub struct LflbShape {
    /// Sizes of the ConvLSTM.
    pub conv_lstm: conv_lstm::ConvLstmShape,
    /// Positions that one maximum is taken over, and the hop to the next; 1 disables pooling.
    pub pool: usize,
}

impl LflbShape {
    /// Positions after pooling, `Q = ceil(P / pool)`: the last window may be partial.
    ///
    /// # Panics
    /// If `pool` is 0.
    #[must_use]
    pub fn pooled(&self) -> usize {
        self.conv_lstm.positions().div_ceil(self.pool)
    }

    /// Elements of one utterance's output, `[T, Q, H]`.
    fn utterance(&self) -> usize {
        self.conv_lstm.time * self.pooled() * self.conv_lstm.filters
    }

    fn check_output(&self, y: &[f32]) {
        assert_eq!(y.len(), self.conv_lstm.batch * self.utterance(), "y is [B, T, Q, H]");
    }

    /// Checks what does not depend on the batch.
    fn check_norm(&self, norm: &OutputNorm<'_>) {
        // The position of a maximum within its window is stored in 16 bits.
        let window = self.pool.min(self.conv_lstm.positions());
        assert!(self.pool > 0 && window <= 1 << 16, "lflb: pools 1 to 65536 positions: {self:?}");
        let filters = self.conv_lstm.filters;
        assert_eq!(norm.gamma.len(), filters, "lflb: length of gamma");
        assert_eq!(norm.beta.len(), filters, "lflb: length of beta");
        if let Some((mean, variance)) = norm.running {
            assert_eq!(mean.len(), filters, "lflb: length of the running mean");
            assert_eq!(variance.len(), filters, "lflb: length of the running variance");
        }
    }
}

/// The batch norm between ConvLSTM and pooling.
#[derive(Clone, Copy, Debug)]
pub struct OutputNorm<'a> {
    /// Scale `[H]`.
    pub gamma: &'a [f32],
    /// Shift `[H]`.
    pub beta: &'a [f32],
    /// Running mean and variance `[H]` to normalise by; `None` for the statistics of the batch.
    pub running: Option<(&'a [f32], &'a [f32])>,
    /// Added to the variance.
    pub epsilon: f32,
}

impl OutputNorm<'_> {
    /// The map of the running statistics, if given.
    fn map(&self) -> Option<PooledAffine> {
        let (mean, variance) = self.running?;
        let rstd = reciprocal_deviation(variance.iter().map(|v| f64::from(*v)), self.epsilon);
        Some(PooledAffine::new(mean, &rstd, self.gamma, self.beta))
    }
}

/// Statistics of the batch, of the norms that use them.
#[derive(Clone, Debug, Default)]
pub struct BatchStatistics {
    /// Of the input-to-state pre-activations, `[4H]`.
    pub input: Option<Statistics>,
    /// Of the hidden states, `[H]`.
    pub output: Option<Statistics>,
}

/// What the backward pass needs from a forward pass.
#[derive(Debug)]
pub struct Saved {
    conv_lstm: conv_lstm::Saved,
    gamma: Vec<f32>,
    mean: Vec<f32>,
    /// `1 / sqrt(variance + epsilon)`
    rstd: Vec<f32>,
    /// The state that gave the maximum of each window, `[B, T, Q, H]`.
    max_values: Buffer,
    /// Its position in the window; empty without pooling.
    argmax: Buffer<u16>,
}
