//! Random numbers as a function of a seed and an effect (counter-based streams).

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The effects; each has its own random stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Effect {
    Speed = 1,
    Filter,
    BandPass,
    Offset,
    Noise,
    Gain,
    Polarity,
    TimeMask,
    Formants,
    Room,
    Bandwidth,
    NoiseTilt,
    Excerpt,
    Clipping,
}

/// The random numbers of one effect on one clip.
pub(super) struct Random(Pcg64Mcg);

impl Random {
    pub(super) fn new(seed: u64, effect: Effect) -> Self {
        // An odd multiple of the golden ratio separates the effects, the finalizer of SplitMix64
        // separates neighbouring seeds (Steele, Lea and Flood 2014).
        let mut z = seed.wrapping_add((effect as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(Pcg64Mcg::seed_from_u64(z ^ (z >> 31)))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `[0, 1)`, in steps of 2^-24, which `f32` represents exactly.
    pub(super) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 * (1.0 / (1 << 24) as f32)
    }

    pub(super) fn bernoulli(&mut self, prob: f32) -> bool {
        self.unit() < prob
    }

    pub(super) fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..=max`. The multiplication of Lemire (2019) without its rejection: the bias is
    /// below 2^-32 for any length of audio.
    pub(super) fn up_to(&mut self, max: usize) -> usize {
        ((u128::from(self.bits()) * (max as u128 + 1)) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Neighbouring seeds (of epochs and utterances) must give independent draws.
    #[test]
    fn neighbouring_seeds_are_even_and_uncorrelated() {
        const N: usize = 20_000;
        for effect in [Effect::Speed, Effect::TimeMask] {
            let draws: Vec<[f64; 2]> = (0..N as u64)
                .map(|seed| {
                    let mut random = Random::new(seed, effect);
                    [f64::from(random.unit()) - 0.5, f64::from(random.unit()) - 0.5]
                })
                .collect();
            // Mean 0 and variance 1/12; correlations 0. Bounds of five standard deviations.
            let bound = 5.0 / (N as f64).sqrt();
            for k in 0..2 {
                let mean = draws.iter().map(|d| d[k]).sum::<f64>() / N as f64;
                let variance = draws.iter().map(|d| d[k] * d[k]).sum::<f64>() / N as f64;
                let lag = draws.windows(2).map(|d| d[0][k] * d[1][k]).sum::<f64>() / N as f64;
                assert!(mean.abs() < bound / 12f64.sqrt(), "mean {mean}");
                assert!((variance * 12.0 - 1.0).abs() < bound, "variance {variance}");
                assert!((lag * 12.0).abs() < bound, "correlation of neighbours {lag}");
            }
            let within = draws.iter().map(|d| d[0] * d[1]).sum::<f64>() / N as f64;
            assert!((within * 12.0).abs() < bound, "correlation of draws {within}");
        }
    }

    #[test]
    fn integers_reach_both_bounds() {
        let mut random = Random::new(1, Effect::Offset);
        let mut counts = [0; 5];
        (0..5000).for_each(|_| counts[random.up_to(4)] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert_eq!(random.up_to(0), 0);
    }
}
