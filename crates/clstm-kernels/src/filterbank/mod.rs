//! Energies of a waveform in the bands of complex filters, forward and backward.
//!
//! ```text
//! e[n, f] = 1/P Σ_{p = nP}^{nP + P - 1} |Σ_k (a[f, k] + i b[f, k]) x[p S + k - before]|²
//! ```
//!
//! A filter with a Gaussian envelope and its quadrature partner give the squared envelope of a band;
//! the mean over `P` of its samples smooths it. This is the learnable front end of LEAF (Zeghidour et
//! al., ICLR 2021, <https://arxiv.org/abs/2101.08596>) with unconstrained filters.
//!
//! The convolution uses [`fft_conv`](crate::fft_conv) where that is faster.

mod backward;
mod prepared;
mod shape;

use crate::Buffer;
use crate::padding::rows_between_zeros;
use crate::simd::vectorized;
pub use backward::backward;
pub use prepared::PreparedFilterbank;
pub use shape::FilterbankShape;

/// What [`backward`] needs from [`forward`].
#[derive(Debug)]
pub struct Saved {
    /// Outputs of the filters `[positions, 2 F]` of each utterance.
    outputs: Vec<Buffer>,
}

/// Writes the energies `e` `[B, frames, F]` of `x` `[B, N]` behind the filters `w` `[2, F, K]`, real
/// parts first. Returns what [`backward`] needs if `keep`.
///
/// # Panics
/// If a size other than the batch is 0 or a slice does not have the length given by the shape.
pub fn forward(
    shape: &FilterbankShape,
    x: &[f32],
    w: &[f32],
    e: &mut [f32],
    keep: bool,
) -> Option<Saved> {
    shape.check(x, w, e);
    let prepared = PreparedFilterbank::new(shape, w);
    if keep {
        return Some(Saved { outputs: prepared.forward_kept(shape, x, e) });
    }
    prepared.forward(shape, x, e);
    None
}

/// Mean squared moduli `[frames, F]` of outputs `[positions, 2 F]`.
fn mean_energies(shape: &FilterbankShape, outputs: &[f32], e: &mut [f32]) {
    let (f, scale) = (shape.filters, 1.0 / shape.pool as f32);
    vectorized(
        #[inline(always)]
        || {
            let frames = outputs.chunks_exact(shape.pool * 2 * f);
            for (outputs, e) in frames.zip(e.chunks_exact_mut(f)) {
                e.fill(0.0);
                for output in outputs.chunks_exact(f) {
                    e.iter_mut().zip(output).for_each(|(e, y)| *e += y * y);
                }
                e.iter_mut().for_each(|e| *e *= scale);
            }
        },
    );
}

/// One utterance between its zeros.
fn pad_wave(shape: &FilterbankShape, x: &[f32]) -> Buffer {
    rows_between_zeros(shape.padded(), x, x.len(), |_| shape.before())
}
