//! One bidirectional layer of gated recurrent units (Eq. 8-11), forward and backward.
//!
//! ```text
//! z = σ(W_z x_t + U_z h_{t-1} + b_z)
//! r = σ(W_r x_t + U_r h_{t-1} + b_r)
//! n = tanh(W_n x_t + U_n (r ∘ h_{t-1}) + b_n)           reset before
//! n = tanh(W_n x_t + b_n + r ∘ (U_n h_{t-1} + b_hn))      reset after
//! h_t = (1 - z) ∘ h_{t-1} + z ∘ n
//! ```
//!
//! # How it is fast
//! The products with the input do not depend on the state: one product makes them for all steps of a
//! group of utterances. What is left to a step is the product with the state and the gates, fused
//! into one pass over their pre-activations. A task is one direction of one group; it runs through
//! all its steps without waiting for another. The backward pass leaves the gradients of the
//! pre-activations in the place of the gates, and weight gradients are products over all
//! steps at once. Operands are `f32` or `bf16`, states, gates and sums `f32`.

mod backward;
mod forward;
mod gates;
mod prepared;

use crate::{Buffer, Precision, UTTERANCE_BLOCK};

pub use backward::backward;
pub use forward::forward;
pub use prepared::PreparedBiGru;

/// Where the reset gate acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// On the state before the recurrent product, as Eq. 10 writes it (Cho et al. 2014,
    /// <https://arxiv.org/abs/1406.1078>).
    Before,
    /// On the recurrent product, which then has a bias of its own, as cuDNN, Keras and PyTorch do.
    After,
}

/// Sizes of one layer: B utterances of T steps, F features in, H units a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BiGruShape {
    /// Utterances, B.
    pub batch: usize,
    /// Time steps, T.
    pub time: usize,
    /// Features of the input, F.
    pub input: usize,
    /// Units of each direction, H.
    pub hidden: usize,
    /// Where the reset gate acts.
    pub reset: Reset,
    /// Operands of the products.
    pub precision: Precision,
}

impl BiGruShape {
    /// Time steps of the whole batch.
    fn steps(&self) -> usize {
        self.batch * self.time
    }

    fn check_data(&self, x: &[f32], y: &[f32]) {
        let Self { batch, time, input, hidden, .. } = *self;
        assert!(batch > 0 && time > 0, "gru: every size must be positive: {self:?}");
        assert_eq!(x.len(), self.steps() * input, "gru: length of x, {self:?}");
        assert_eq!(y.len(), self.steps() * 2 * hidden, "gru: length of y, {self:?}");
    }

    /// Checks what does not depend on the batch.
    fn check_params(&self, params: &[DirectionParams<'_>; 2]) {
        let Self { input, hidden, reset, .. } = *self;
        assert!(input > 0 && hidden > 0, "gru: every size must be positive: {self:?}");
        for direction in params {
            assert_eq!(direction.w.len(), 3 * hidden * input, "gru: length of w, {self:?}");
            assert_eq!(direction.u.len(), 3 * hidden * hidden, "gru: length of u, {self:?}");
            assert_eq!(direction.b.len(), 3 * hidden, "gru: length of b, {self:?}");
            let b_hn = (reset == Reset::After).then_some(hidden);
            assert_eq!(direction.b_hn.map(<[f32]>::len), b_hn, "gru: length of b_hn, {self:?}");
        }
    }
}

/// Parameters of one direction; the gates are in the order z, r, n.
#[derive(Clone, Copy, Debug)]
pub struct DirectionParams<'a> {
    /// Weights of the input, `[3H, F]`.
    pub w: &'a [f32],
    /// Weights of the state, `[3H, H]`.
    pub u: &'a [f32],
    /// Biases, `[3H]`.
    pub b: &'a [f32],
    /// Bias within the reset product, `[H]`: with [`Reset::After`], and only then.
    pub b_hn: Option<&'a [f32]>,
}

/// Gradients of one [`DirectionParams`], of the same shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionGradients {
    /// Gradient of the input weights, `[3H, F]`.
    pub w: Vec<f32>,
    /// Gradient of the state weights, `[3H, H]`.
    pub u: Vec<f32>,
    /// Gradient of the biases, `[3H]`.
    pub b: Vec<f32>,
    /// Gradient of the bias within the reset product, `[H]`: with [`Reset::After`].
    pub b_hn: Option<Vec<f32>>,
}

/// What [`backward`] needs of [`forward`]: both directions, the forward one first.
#[derive(Debug)]
pub struct Saved {
    shape: BiGruShape,
    /// Activated z, r, n: `[2, B, T, 3H]`.
    gates: Buffer,
    /// The states `h_t`: `[2, B, T, H]`.
    states: Buffer,
    /// `r ∘ h_{t-1}` (reset before) or `U_n h_{t-1} + b_hn` (reset after): `[2, B, T, H]`.
    inner: Buffer,
}

/// The parts of `[2, B, ..]`, `per_utterance` floats each utterance, that the tasks work on: the
/// groups of the forward direction in order, then those of the backward direction.
fn by_task(
    data: &mut [f32],
    batch: usize,
    per_utterance: usize,
) -> impl Iterator<Item = &mut [f32]> {
    data.chunks_mut(batch * per_utterance)
        .flat_map(move |d| d.chunks_mut(UTTERANCE_BLOCK * per_utterance))
}

/// The time index of the step that a direction takes as its `k`-th.
fn step(direction: usize, time: usize, k: usize) -> usize {
    if direction == 0 { k } else { time - 1 - k }
}
