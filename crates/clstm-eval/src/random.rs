//! Seeds of random draws.

/// What the random draws of a statistic are for. Draws for one purpose do not repeat those for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeedPurpose {
    /// A bootstrap resample of one run.
    Resample,
    /// A bootstrap resample for continuous targets.
    DimensionResample,
    /// A bootstrap resample of two runs together.
    PairedResample,
    /// The swaps of a permutation.
    Permutation,
}

impl SeedPurpose {
    /// The seed of replicate number `replicate`. The tags do not change between releases: the same seed gives the same
    /// intervals.
    pub(crate) fn derive(self, seed: u64, replicate: u64) -> u64 {
        let tag = match self {
            Self::Resample => b"boot",
            Self::DimensionResample => b"dims",
            Self::PairedResample => b"pair",
            Self::Permutation => b"swap",
        };
        derive_seed(seed, replicate, u32::from_be_bytes(*tag).into())
    }
}

/// A seed for one replicate (`a`) of one purpose (`b`): the SplitMix64 finaliser over the parts (Steele et al.,
/// *Fast splittable pseudorandom number generators*, 2014).
#[must_use]
pub fn derive_seed(seed: u64, a: u64, b: u64) -> u64 {
    let mut z = seed
        .wrapping_add(a.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(b.wrapping_mul(0xd1b5_4a32_d192_ed03));
    for shift in [30, 27] {
        z = (z ^ (z >> shift)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{SeedPurpose, derive_seed};

    #[test]
    fn seeds_are_those_of_earlier_releases() {
        for (purpose, tag) in [
            (SeedPurpose::Resample, 0x626f_6f74),
            (SeedPurpose::DimensionResample, 0x6469_6d73),
            (SeedPurpose::PairedResample, 0x7061_6972),
            (SeedPurpose::Permutation, 0x7377_6170),
        ] {
            assert_eq!(purpose.derive(3, 7), derive_seed(3, 7, tag), "{purpose:?}");
        }
    }
}
