//! Convolutions of three taps over positions with half the multiplications (Winograd's minimal
//! filtering; Lavin & Gray 2016, <https://arxiv.org/abs/1509.09308>).
//!
//! `y[p] = Σ_j x[p + j] W_j` with matrices `W_j` `[C, N]` and `j < 3`, for `P` positions of `G`
//! utterances: `x` is `[P + 2, G, C]`, padding included, and `y` `[P, G, N]`. Positions are cut into
//! tiles of four outputs, which read six inputs:
//!
//! 1. the six rows of inputs become the rows `V_i` at six points, linear combinations of them,
//! 2. the weights, once for all, six matrices `U_i`; six products `M_i = V_i U_i`,
//! 3. four linear combinations of the `M_i` are the outputs.
//!
//! That is six products for four positions instead of twelve. What is left of `P` makes one smaller
//! tile: `m` outputs take `m + 2` products, at the first `m + 2` of the same points and so with the
//! same matrices `U_i` - seven positions take 11 products instead of 21, thirteen 21 instead of 39.
//!
//! # Gradients
//! Every step is linear, and its gradient the transpose: the gradients `d` of a tile's outputs at the
//! points, `E_i` (four rows to six), serve both the gradient of the weights, `V_i^T E_i` summed over
//! all tiles of a pass and transformed back once, and that of the inputs, `E_i U_i^T`, whose
//! transforms overlap by two positions and are added up.
//!
//! # Error
//! Intermediate values are larger than the result by up to an order of magnitude and cancel in the
//! end. See [`Convolution::apply`] and [`WeightGradient`] for what that comes to in `f32`. In bf16 it would
//! be the same multiple of its rounding: there is no such path.

mod convolution;
mod gradients;
mod matrices;
mod transform;
mod transformed;
mod weights;

pub use convolution::Convolution;
pub use gradients::WeightGradient;
pub use weights::{TransformedWeights, WinogradWeights};

use matrices::OUTPUTS;

/// Outputs of a full tile: where positions are worked on in blocks, all but the last must hold a
/// multiple of it for tiles to lie at the same positions whatever the blocks.
pub const TILE: usize = OUTPUTS;

/// Tiles of `positions` positions.
#[must_use]
pub fn tile_count(positions: usize) -> usize {
    positions.div_ceil(OUTPUTS)
}

/// Whether a training step over `positions` positions is faster this way than by direct sums.
///
/// A step multiplies by the matrices `[depth, columns]` three times, for the outputs, for the
/// gradient of the inputs and for that of the weights, and takes `depth` floats a position through
/// transforms three times and `columns` twice. What the transforms of the weights cost, as much as the
/// products of a dozen steps of one utterance save, is left out, lest the result for an utterance
/// depend on the size of its batch.
#[must_use]
pub fn is_faster(positions: usize, [depth, columns]: [usize; 2]) -> bool {
    let matrix = depth * columns;
    let transforms = TRANSFORM * (3 * depth + 2 * columns);
    let transformed = products(positions) * (3 * matrix + transforms);
    transformed as f64 <= GAIN * (9 * positions * matrix) as f64
}

/// Multiply-adds in the time that a float takes through a transform and the second-level cache: 100
/// picoseconds at 130 multiply-adds a nanosecond (measured with AVX-512, 32 to 128 channels).
const TRANSFORM: usize = 12;

/// The share of the direct way's time from which on tiles are not worth twice its error.
const GAIN: f64 = 0.8;

/// The first position and the outputs of each tile.
fn tiling(positions: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..positions).step_by(OUTPUTS).map(move |first| (first, OUTPUTS.min(positions - first)))
}

/// Products, matrices `[C, N]`, for `positions` positions.
fn products(positions: usize) -> usize {
    tiling(positions).map(|(_, outputs)| outputs + 2).sum()
}
