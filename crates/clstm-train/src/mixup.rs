//! Mixing two utterances of a batch into one.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::MixupConfig;

/// Mixes into each crop of `segments` (`span` samples each) the one after it in the batch, as it was
/// before any mixing; gives class and share of what was mixed in, or nothing where mixing is off.
///
/// The share `r` of the quieter voice is at most one half. Voices of equal level that know nothing of
/// each other are summed with weights `1 - r` and `r` over the root of the sum of their squares, so
/// that the level stays.
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
        let share = if happens { share.min(1.0 - share) } else { 0.0 };
        mixed.push((labels[next], share as f32));
        if share == 0.0 {
            continue;
        }
        let level = (share * share + (1.0 - share) * (1.0 - share)).sqrt();
        let [own, other] = [1.0 - share, share].map(|weight| (weight / level) as f32);
        let (done, rest) = segments.split_at_mut((i + 1) * span);
        let partner = if next == 0 { &first } else { &rest[..span] };
        let crop = done[i * span..].iter_mut().zip(partner);
        crop.for_each(|(x, y)| *x = own * *x + other * y);
    }
    mixed
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
        let config = MixupConfig { prob: 1.0, alpha: 0.8 };
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
    fn without_probability_nothing_is_touched() {
        let mut segments = vec![1.0; 4];
        let config = MixupConfig { prob: 0.0, alpha: 0.4 };
        assert!(mix_up(&config, 1, 2, &mut segments, &[0, 1]).is_empty());
        assert_eq!(segments, [1.0; 4]);
    }
}
