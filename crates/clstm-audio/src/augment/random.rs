//! Random numbers as a function of a seed and an effect.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The effects, each with a stream of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Speed = 1,
    Filter,
    BandPass,
    Offset,
    Noise,
    Gain,
    Polarity,
    TimeMask,
}

/// The random numbers of one effect on one clip.
pub(super) struct Random(Pcg64Mcg);

impl Random {
    pub(super) fn new(seed: u64, stream: Stream) -> Self {
        // An odd multiple of the golden ratio sets the streams apart, the finalizer of SplitMix64
        // sets neighbouring seeds apart (Steele, Lea and Flood 2014).
        let mut z = seed.wrapping_add((stream as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(Pcg64Mcg::seed_from_u64(z ^ (z >> 31)))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Even in `[0, 1)`, in steps of 2^-24, all of which `f32` holds.
    pub(super) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 * (1.0 / (1 << 24) as f32)
    }

    pub(super) fn happens(&mut self, prob: f32) -> bool {
        self.unit() < prob
    }

    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Even in `0..=max`. The multiplication of Lemire (2019) without its rejection: the bias is
    /// below 2^-32 for any length of audio.
    pub(super) fn up_to(&mut self, max: usize) -> usize {
        ((u128::from(self.bits()) * (max as u128 + 1)) >> 64) as usize
    }
}
