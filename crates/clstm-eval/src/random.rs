//! Seeds of random draws.

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
