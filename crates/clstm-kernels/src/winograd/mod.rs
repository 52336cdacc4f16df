//! Convolutions of three taps over positions with half the multiplications (Winograd's minimal
//! filtering; Lavin & Gray 2016, <https://arxiv.org/abs/1509.09308>).
//!
//! `y[p] = Σ_j x[p + j] W_j` with matrices `W_j` `[C, N]` and `j < 3`, for `P` positions of `G`
//! utterances: `x` is `[P + 2, G, C]`, padding included, and `y` `[P, G, N]`. Positions are divided into
//! tiles of four outputs, which read six inputs:
//!
//! 1. the input transform makes six rows `V_i`, linear combinations of the six rows of inputs, one for
//!    each interpolation point,
//! 2. the weights were transformed once to six matrices `U_i`; six products `M_i = V_i U_i`,
//! 3. the output transform makes the outputs, four linear combinations of the `M_i`.
//!
//! That is six products for four positions instead of twelve. The remainder of `P` makes one smaller
//! tile: `m` outputs take `m + 2` products, at the first `m + 2` of the same points and therefore with
//! the same matrices `U_i`. Seven positions take 11 products instead of 21, thirteen 21 instead of 39.
//!
//! # Gradients
//! Every step is linear, so its gradient is the transpose. The gradients of a tile's outputs are
//! transformed to `E_i` (four rows to six). They serve both the gradient of the weights, `V_i^T E_i`
//! summed over all tiles and transformed back once, and that of the inputs, `E_i U_i^T`, whose
//! transforms overlap by two positions and are added.
//!
//! # Error
//! Intermediate values exceed the result by up to an order of magnitude and cancel at the end. See
//! [`Convolution::apply`] and [`WeightGradient`] for the errors in `f32`. In bf16 they would be the same
//! multiple of its rounding, which is too much: there is no such path.

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

/// Outputs of a full tile. Code that works on positions in blocks makes all but the last a multiple of
/// this, so that tiles lie at the same positions for any block size.
pub const TILE: usize = OUTPUTS;

/// Number of tiles for `positions` positions.
#[must_use]
pub fn tile_count(positions: usize) -> usize {
    positions.div_ceil(OUTPUTS)
}

/// Whether a training step over `positions` positions is estimated to be faster this way than by direct
/// sums.
///
/// A step multiplies by the matrices `[depth, columns]` three times (outputs, gradient of the inputs,
/// gradient of the weights) and transforms `depth` floats per position three times and `columns` floats
/// twice. The transform of the weights costs as much as the products of a dozen steps of one utterance
/// save. The estimate leaves it out, because otherwise the result of an utterance would depend on the
/// size of its batch.
#[must_use]
pub fn is_faster(positions: usize, [depth, columns]: [usize; 2]) -> bool {
    let matrix = depth * columns;
    let transforms = TRANSFORM * (3 * depth + 2 * columns);
    let transformed = products(positions) * (3 * matrix + transforms);
    transformed as f64 <= GAIN * (9 * positions * matrix) as f64
}

/// Multiply-adds in the time that a transform takes per float, including the second-level cache: 100
/// picoseconds at 130 multiply-adds per nanosecond (measured with AVX-512, 32 to 128 channels).
const TRANSFORM: usize = 12;

/// Largest share of the direct sums' time at which Winograd's algorithm, with twice their error, is used.
const GAIN: f64 = 0.8;

/// The first position and the outputs of each tile.
fn tiling(positions: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..positions).step_by(OUTPUTS).map(move |first| (first, OUTPUTS.min(positions - first)))
}

/// Products, matrices `[C, N]`, for `positions` positions.
fn products(positions: usize) -> usize {
    tiling(positions).map(|(_, outputs)| outputs + 2).sum()
}
