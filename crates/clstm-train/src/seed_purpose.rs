//! Seeds of a training's random draws, each with a purpose of its own.

use clstm_eval::derive_seed;

/// What a seed is for. Draws for one purpose do not repeat those for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeedPurpose {
    /// The augmentation of an utterance; the index is the epoch, from 1.
    Augmentation {
        /// The utterance's index in the dataset.
        utterance: usize,
    },
    /// All that is random inside the network in a step; the index is the step, from 1.
    Dropout,
    /// Which utterances of a batch are mixed, and by how much; the index is the step, from 1.
    Mixup,
    /// The order of the utterances in an epoch; the index is the epoch, from 0.
    Order,
    /// The utterances of a few-shot training; the index is the fold, from 1, or 0.
    Shots,
}

impl SeedPurpose {
    /// The seed for this purpose by the recipe's `seed` and an index (SplitMix64's finaliser over the parts,
    /// <https://doi.org/10.1145/2714064.2660195>). The tags are those of release 0.1: the same recipe gives the same weights.
    pub(crate) fn derive(self, seed: u64, index: u64) -> u64 {
        let tag = match self {
            Self::Augmentation { utterance } => utterance as u64 + 1,
            Self::Dropout => u32::from_be_bytes(*b"drop").into(),
            Self::Mixup => u32::from_be_bytes(*b"mixu").into(),
            Self::Order => u32::from_be_bytes(*b"orde").into(),
            Self::Shots => u32::from_be_bytes(*b"shot").into(),
        };
        derive_seed(seed, index, tag)
    }
}

#[cfg(test)]
mod tests {
    use super::SeedPurpose;

    #[test]
    fn seeds_are_those_of_release_0_1() {
        // Computed by the expressions of release 0.1.
        let mix = |seed: u64, a: u64, b: u64| {
            let mut z = seed
                .wrapping_add(a.wrapping_mul(0x9e37_79b9_7f4a_7c15))
                .wrapping_add(b.wrapping_mul(0xd1b5_4a32_d192_ed03));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z ^ (z >> 31)
        };
        assert_eq!(SeedPurpose::Augmentation { utterance: 6 }.derive(1, 3), mix(1, 3, 7));
        assert_eq!(SeedPurpose::Dropout.derive(1, 3), mix(1, 3, 0x6472_6f70));
        assert_eq!(SeedPurpose::Mixup.derive(2, 3), mix(2, 3, 0x6d69_7875));
        assert_eq!(SeedPurpose::Order.derive(2, 0), mix(2, 0, 0x6f72_6465));
    }
}
