//! Random order whose values do not change between releases.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A generator for one purpose.
///
/// PCG64 is a fixed, portable algorithm, but its streams for neighbouring seeds are related; the
/// purpose, seed and fold are therefore hashed into its state.
pub(super) fn generator(purpose: &str, seed: u64, fold: usize) -> Pcg64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update((fold as u64).to_le_bytes());
    hash.update(purpose.as_bytes());
    Pcg64::from_seed(hash.finalize().into())
}

/// Fisher-Yates, from the last place to the first.
///
/// Written out rather than taken from `rand`, whose shuffle may change its algorithm between
/// releases: the same seed must give the same folds for as long as results are compared.
pub(super) fn shuffle<T>(items: &mut [T], rng: &mut Pcg64) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last + 1, rng));
    }
}

/// A number from 0 to `bound - 1`, each as likely: the draws beyond the last whole multiple of
/// `bound` are thrown away.
fn below(bound: usize, rng: &mut Pcg64) -> usize {
    let bound = bound as u64;
    let limit = u64::MAX - u64::MAX % bound;
    loop {
        let draw = rng.next_u64();
        if draw < limit {
            return (draw % bound) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frozen: a change here changes every fold that was ever reported.
    #[test]
    fn keeps_its_values() {
        let mut items: Vec<usize> = (0..12).collect();
        shuffle(&mut items, &mut generator("test", 42, 0));
        assert_eq!(items, [6, 1, 9, 10, 4, 8, 11, 0, 5, 3, 7, 2]);
    }

    #[test]
    fn every_order_is_as_likely() {
        let mut counts = std::collections::HashMap::new();
        for seed in 0..6000 {
            let mut items = [0, 1, 2];
            shuffle(&mut items, &mut generator("test", seed, 0));
            *counts.entry(items).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Five standard deviations of a binomial with n = 6000, p = 1/6: 144.
        assert!(counts.values().all(|&c: &i32| (c - 1000).abs() < 144), "{counts:?}");
    }

    #[test]
    fn purposes_and_folds_draw_apart() {
        let first = |purpose, seed, fold| generator(purpose, seed, fold).next_u64();
        let draws = [first("a", 1, 0), first("b", 1, 0), first("a", 2, 0), first("a", 1, 1)];
        for (i, a) in draws.iter().enumerate() {
            assert!(draws[i + 1..].iter().all(|b| a != b), "{draws:?}");
        }
    }
}
