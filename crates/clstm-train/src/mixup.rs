//! Mixing two utterances of a batch into one.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::MixupConfig;

/// Mixes into each crop of `segments` (`span` samples each) the one after it in the batch, as it was
/// before any mixing; gives class and share of what was mixed in, at most one half, or nothing where mixing is off.
pub(crate) fn mix_up(
    config: &MixupConfig,
    seed: u64,
    span: usize,
    segments: &mut [f32],
    labels: &[usize],
) -> Vec<(usize, f32)> {
    if config.prob == 0.0 || labels.len() < 2 {
        return Vec::new();
    }
    let mut random = Pcg64::seed_from_u64(seed);
    let first = segments[..span].to_vec();
    let mut mixed = Vec::with_capacity(labels.len());
    for i in 0..labels.len() {
        let next = (i + 1) % labels.len();
        let happens = unit(&mut random) < config.prob;
        let share = beta(config.alpha, &mut random);
        let (done, rest) = segments.split_at_mut((i + 1) * span);
        let partner = if next == 0 { &first } else { &rest[..span] };
        let crop = &mut done[i * span..];
        // No draw where nothing is cut: recipes without cuts keep the draws that they had.
        let share = if !happens {
            0.0
        } else if config.cutmix_share > 0.0 && unit(&mut random) <= config.cutmix_share {
            splice(crop, partner, &mut random)
        } else {
            overlay(crop, partner, share.min(1.0 - share))
        };
        mixed.push((labels[next], share as f32));
    }
    mixed
}

/// Lays `partner` over `crop`, by its `share`; gives the share.
///
/// Voices of equal level that know nothing of each other are summed with weights `1 - r` and `r` over the root of the
/// sum of their squares, so that the level stays.
fn overlay(crop: &mut [f32], partner: &[f32], share: f64) -> f64 {
    if share > 0.0 {
        let level = (share * share + (1.0 - share) * (1.0 - share)).sqrt();
        let [own, other] = [1.0 - share, share].map(|weight| (weight / level) as f32);
        crop.iter_mut().zip(partner).for_each(|(x, y)| *x = own * *x + other * y);
    }
    share
}

/// Replaces a part of `crop`, up to half of its length, by the same part of `partner`; returns the part's
/// share of the energy. Where that would be more than half, the crop stays as it is and the share is 0.
fn splice(crop: &mut [f32], partner: &[f32], random: &mut Pcg64) -> f64 {
    let mut up_to = |most: usize| (unit(random) * most as f64) as usize;
    let len = up_to(crop.len() / 2);
    let start = up_to(crop.len() - len);
    let part = start..start + len;
    let energy = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    let own = energy(&crop[..part.start]) + energy(&crop[part.end..]);
    let other = energy(&partner[part.clone()]);
    if other > own {
        return 0.0;
    }
    crop[part.clone()].copy_from_slice(&partner[part]);
    // Silence has no class.
    if other > 0.0 { other / (own + other) } else { 0.0 }
}

/// Uniform in (0, 1].
fn unit(random: &mut Pcg64) -> f64 {
    ((random.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// A draw from Beta(alpha, alpha) for `alpha` of at most 1 (Jöhnk 1964): at least half of the trials
/// are taken.
fn beta(alpha: f64, random: &mut Pcg64) -> f64 {
    loop {
        let [x, y] = [0, 1].map(|_| unit(random).powf(1.0 / alpha));
        if x + y > 0.0 && x + y <= 1.0 {
            return x / (x + y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_the_beta_distribution() {
        let mut random = Pcg64::seed_from_u64(3);
        let draws: Vec<f64> = (0..40_000).map(|_| beta(0.4, &mut random)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        // Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)) = 0.1389; five standard errors.
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert!((variance - 1.0 / (4.0 * 1.8)).abs() < 0.003, "{variance}");
    }

    #[test]
    fn each_crop_gets_the_next_one_by_its_share_and_keeps_its_level() {
        let config = MixupConfig { prob: 1.0, alpha: 0.8, cutmix_share: 0.0 };
        let (span, labels) = (4, [2, 0, 1]);
        // Crops that share no sample: what is mixed in can be read off.
        let mut segments = vec![0.0; 12];
        (0..3).for_each(|i| segments[i * span + i] = 1.0);
        let mixed = mix_up(&config, 5, span, &mut segments, &labels);
        for (i, (label, share)) in mixed.iter().enumerate() {
            let (crop, next) = (&segments[i * span..][..span], (i + 1) % 3);
            assert_eq!(*label, labels[next]);
            assert!(*share > 0.0 && *share <= 0.5, "{share}");
            assert!((crop[next] / crop[i] - share / (1.0 - share)).abs() < 1e-6);
            assert!((crop.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_stretch_of_the_next_crop_comes_in_by_its_energy() {
        let config = MixupConfig { prob: 1.0, alpha: 0.4, cutmix_share: 1.0 };
        let (span, labels) = (1000, [4, 7, 2]);
        // Each crop is a constant of its own; the second one is silent behind its middle.
        let levels = [1.0, 2.0, 3.0];
        let mut segments: Vec<f32> = levels.iter().flat_map(|level| vec![*level; span]).collect();
        segments[span + span / 2..2 * span].fill(0.0);
        let before = segments.clone();
        let mut taken = 0;
        for seed in 0..50 {
            segments.copy_from_slice(&before);
            let mixed = mix_up(&config, seed, span, &mut segments, &labels);
            for (i, (label, share)) in mixed.iter().enumerate() {
                let (crop, next) = (&segments[i * span..][..span], (i + 1) % 3);
                let [own, partner] = [i, next].map(|i| &before[i * span..][..span]);
                assert_eq!(*label, labels[next]);
                assert!((0.0..=0.5).contains(share), "{share}");
                let foreign: Vec<usize> = (0..span).filter(|&n| crop[n] != own[n]).collect();
                let Some((first, last)) = foreign.first().zip(foreign.last()) else {
                    assert_eq!(*share, 0.0);
                    continue;
                };
                assert!(foreign.iter().all(|&n| crop[n] == partner[n]));
                assert_eq!(foreign.len(), last - first + 1, "one part");
                assert!(foreign.len() <= span / 2);
                let energy = |x: &[f32]| x.iter().map(|x| x * x).sum::<f32>();
                let expected = energy(&crop[*first..=*last]) / energy(crop);
                assert!((share - expected).abs() < 1e-5, "{share} for {expected}");
                taken += 1;
            }
        }
        assert!(taken > 75, "{taken} of 150");
    }

    #[test]
    fn without_probability_nothing_is_touched() {
        let mut segments = vec![1.0; 4];
        let config = MixupConfig { prob: 0.0, alpha: 0.4, cutmix_share: 1.0 };
        assert!(mix_up(&config, 1, 2, &mut segments, &[0, 1]).is_empty());
        assert_eq!(segments, [1.0; 4]);
    }
}
