//! One bidirectional layer of gated recurrent units (Eq. 8-11 of the paper), forward and backward.
//!
//! ```text
//! z = σ(W_z x_t + U_z h_{t-1} + b_z)
//! r = σ(W_r x_t + U_r h_{t-1} + b_r)
//! n = tanh(W_n x_t + U_n (r ∘ h_{t-1}) + b_n)           reset before
//! n = tanh(W_n x_t + b_n + r ∘ (U_n h_{t-1} + b_hn))    reset after
//! h_t = (1 - z) ∘ h_{t-1} + z ∘ n
//! ```
//!
//! # Method
//! The products with the input do not depend on the state: one product computes them for all steps of a
//! group of utterances. What remains for a step is the product with the state and the gates, fused into
//! one pass over their pre-activations. A task is one direction of one group; it runs through all its
//! steps without waiting for another. The backward pass replaces the gates by the gradients of their
//! pre-activations, and weight gradients are products over all steps at once. Operands are `f32` or
//! `bf16`; states, gates and sums are `f32`.
//!
//! [`forward`] with and without `keep` and [`PreparedBiGru`] give bit-identical outputs.

mod backward;
mod forward;
mod gates;
mod prepared;

use serde::{Deserialize, Serialize};

use crate::{Buffer, Precision, UTTERANCE_BLOCK};

pub use backward::backward;
pub use forward::forward;
pub use prepared::PreparedBiGru;

/// Where the reset gate acts. Settings files name it in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reset {
    /// On the state before the recurrent product, as Eq. 10 writes it (Cho et al. 2014,
    /// <https://arxiv.org/abs/1406.1078>).
    Before,
    /// On the recurrent product, which then has its own bias, as in cuDNN, Keras and PyTorch.
    After,
}

/// Sizes of one layer: B utterances of T time steps, F input features, H units per direction.
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
    /// Number format of the products' operands.
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
    /// Recurrent bias of the candidate, inside the product with r, `[H]`: with [`Reset::After`] only.
    pub b_hn: Option<&'a [f32]>,
}

/// Gradients of one direction's [`DirectionParams`], of the same shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionGradients {
    /// Gradient of the input weights, `[3H, F]`.
    pub w: Vec<f32>,
    /// Gradient of the state weights, `[3H, H]`.
    pub u: Vec<f32>,
    /// Gradient of the biases, `[3H]`.
    pub b: Vec<f32>,
    /// Gradient of the recurrent bias of the candidate, `[H]`: with [`Reset::After`] only.
    pub b_hn: Option<Vec<f32>>,
}

/// What [`backward`] needs from [`forward`]: both directions, the forward one first.
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

/// The parts of `[2, B, ..]` (`per_utterance` floats per utterance) that the tasks work on: the groups
/// of the forward direction in order, then those of the backward direction.
fn by_task(
    data: &mut [f32],
    batch: usize,
    per_utterance: usize,
) -> impl Iterator<Item = &mut [f32]> {
    data.chunks_mut(batch * per_utterance)
        .flat_map(move |d| d.chunks_mut(UTTERANCE_BLOCK * per_utterance))
}

/// The time index of the `k`-th step of a direction.
fn step(direction: usize, time: usize, k: usize) -> usize {
    if direction == 0 { k } else { time - 1 - k }
}
