//! Seeds of the random draws of a training step, each with a purpose of its own.

/// What a seed is for. The seeds of a step differ by a tag, so that draws for one purpose do not repeat those for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeedPurpose {
    /// All draws of a further branch, number `0` from 1: other units drop out than in the branches before.
    Branch(u64),
    /// Which bands of the filterbank are masked.
    FrequencyMask,
    /// Which units of the deep feature drop out.
    HeadDropout,
    /// Whose statistics are mixed, and by how much.
    MixStyle,
    /// The factor of the filterbank's centre frequencies.
    Vtlp,
}

impl SeedPurpose {
    /// The seed for this purpose in the step of seed `step`. The tags are those of release 0.1: the same recipe
    /// gives the same weights.
    pub(crate) fn derive(self, step: u64) -> u64 {
        let tag = match self {
            Self::Branch(branch) => u64::from(u32::from_be_bytes(*b"bran")) << 32 | branch,
            Self::FrequencyMask => u32::from_be_bytes(*b"band").into(),
            Self::HeadDropout => 0x68ea_d000,
            Self::MixStyle => u32::from_be_bytes(*b"styl").into(),
            Self::Vtlp => u32::from_be_bytes(*b"warp").into(),
        };
        step ^ tag
    }
}

#[cfg(test)]
mod tests {
    use super::SeedPurpose;

    #[test]
    fn seeds_are_those_of_release_0_1() {
        let seeds = [
            (SeedPurpose::Branch(3), 0x6272_616e_0000_0003),
            (SeedPurpose::FrequencyMask, 0x6261_6e64),
            (SeedPurpose::HeadDropout, 0x68ea_d000),
            (SeedPurpose::MixStyle, 0x7374_796c),
            (SeedPurpose::Vtlp, 0x7761_7270),
        ];
        for (purpose, tag) in seeds {
            assert_eq!(purpose.derive(0), tag, "{purpose:?}");
            assert_eq!(purpose.derive(u64::MAX), !tag, "{purpose:?}");
        }
    }
}
