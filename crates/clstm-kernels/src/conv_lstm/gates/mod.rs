//! Gates of some positions of one step, forward and backward.
//!
//! The loops run over channels in vector-sized runs ([`Lanes`](crate::simd::lanes::Lanes)), and for each run
//! over the rows of a position: what belongs to the channel (weights, scales, sums of gradients) stays
//! in vector registers.

mod backward;
mod forward;

pub(super) use backward::{Backward, NormSums};
pub(super) use forward::Forward;

/// Peephole weights `[3, P or 1, H]` of the gates i, f, o.
#[derive(Clone, Copy)]
pub(super) struct Peephole<'a> {
    pub(super) weights: &'a [f32],
    /// `H`, or 0 if all positions share one row.
    pub(super) stride: usize,
}

impl Peephole<'_> {
    /// Where the rows of `position` start.
    #[inline(always)]
    fn at(&self, position: usize) -> [usize; 3] {
        let (gate, at) = (self.weights.len() / 3, position * self.stride);
        [at, gate + at, 2 * gate + at]
    }
}
