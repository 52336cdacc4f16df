//! Augmentation of the bands of a filterbank in training. Every draw is a function of the step's seed.

use burn::tensor::{Tensor, TensorData};

use crate::FilterbankConfig;
use crate::norm_pool::EPSILON;
use crate::rng::Rng;
use crate::seed::SeedPurpose;

/// The factor of all centre frequencies, evenly from `1 - most` to `1 + most`.
pub(super) fn vtlp_factor(vtlp_max: f64, seed: u64) -> f64 {
    1.0 + vtlp_max * (2.0 * Rng::new(SeedPurpose::Vtlp.derive(seed)).unit() - 1.0)
}

/// MixStyle and frequency masking of `x` `[batch, frames, filters]`, normalised log energies.
///
/// Masked bands are set to their mean, as in SpecAugment (Park et al., Interspeech 2019,
/// <https://arxiv.org/abs/1904.08779>); each utterance has a mask of its own.
pub(super) fn augment(config: &FilterbankConfig, x: Tensor<3>, seed: u64) -> Tensor<3> {
    let [batch, _, filters] = x.dims();
    let x = match config.mixstyle_prob > 0.0 && batch > 1 {
        true => mix_styles(x, own_shares(seed, batch, config.mixstyle_prob)),
        false => x,
    };
    if config.freq_mask_max_width == 0 {
        return x;
    }
    let kept = kept_bands(seed, [batch, filters], config.freq_mask_max_width);
    let device = x.device();
    x * Tensor::from_data(TensorData::new(kept, [batch, 1, filters]), &device)
}

/// Moves each utterance's mean and deviation in each band towards those of the next one in the batch;
/// `own` are the shares that stay, `[batch]`. No gradient flows through the statistics.
fn mix_styles(x: Tensor<3>, own: Vec<f32>) -> Tensor<3> {
    let [batch, ..] = x.dims();
    let own = Tensor::<3>::from_data(TensorData::new(own, [batch, 1, 1]), &x.device());
    let fixed = x.clone().detach();
    let mean = fixed.clone().mean_dim(1); // [B, 1, F]
    let centred = fixed - mean.clone();
    let deviation = ((centred.clone() * centred).mean_dim(1) + EPSILON).sqrt();
    let next = |t: &Tensor<3>| {
        let parts = vec![t.clone().narrow(0, 1, batch - 1), t.clone().narrow(0, 0, 1)];
        Tensor::cat(parts, 0)
    };
    let mixed = |t: &Tensor<3>| {
        let other = next(t);
        other.clone() + (t.clone() - other) * own.clone()
    };
    (x - mean.clone()) / deviation.clone() * mixed(&deviation) + mixed(&mean)
}

/// The share of its own style that each utterance keeps: 1, or with the probability `style` a draw
/// from (0, 1].
fn own_shares(seed: u64, batch: usize, style: f64) -> Vec<f32> {
    let mut random = Rng::new(SeedPurpose::MixStyle.derive(seed));
    let share = |_| if random.unit() < style { 1.0 - random.unit() } else { 1.0 };
    (0..batch).map(share).map(|share| share as f32).collect()
}

/// Ones, and zeros for 0 to `widest` neighbouring bands of each utterance, `[batch, filters]`.
fn kept_bands(seed: u64, [batch, filters]: [usize; 2], widest: usize) -> Vec<f32> {
    let mut random = Rng::new(SeedPurpose::FrequencyMask.derive(seed));
    let mut up_to = |most: usize| (random.unit() * (most + 1) as f64) as usize;
    let mut kept = vec![1.0; batch * filters];
    for bands in kept.chunks_exact_mut(filters) {
        let width = up_to(widest.min(filters));
        let first = up_to(filters - width);
        bands[first..first + width].fill(0.0);
    }
    kept
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor, TensorData};

    use super::{kept_bands, mix_styles, own_shares};
    use crate::tensor_data::floats;

    #[test]
    fn styles_are_mixed_by_their_shares() {
        let mut random = crate::rng::Rng::new(1);
        let (frames, bands) = (50, 4);
        // Utterances of different mean and deviation.
        let values: Vec<f32> = (0..3 * frames * bands)
            .map(|i| (i / (frames * bands)) as f32 * (1.0 + random.unit() as f32) + i as f32 * 1e-3)
            .collect();
        let x =
            Tensor::<3>::from_data(TensorData::new(values, [3, frames, bands]), &Device::flex());
        let own = [1.0, 0.25, 0.0];
        let y = mix_styles(x.clone(), own.to_vec());
        let moments = |t: Tensor<3>| {
            let (variance, mean) = t.var_mean_bias(1);
            [floats(mean), floats(variance.sqrt())]
        };
        let ([mean, deviation], [mixed_mean, mixed_deviation]) = (moments(x), moments(y));
        for i in 0..3 * bands {
            let (utterance, next) = (i / bands, (i + bands) % (3 * bands));
            let expected = |of: &[f32]| own[utterance] * of[i] + (1.0 - own[utterance]) * of[next];
            assert!((mixed_mean[i] - expected(&mean)).abs() < 1e-3);
            assert!((mixed_deviation[i] - expected(&deviation)).abs() < 1e-3);
        }
    }

    #[test]
    fn shares_are_one_unless_the_style_is_mixed() {
        assert_eq!(own_shares(3, 5, 0.0), [1.0; 5]);
        let shares = own_shares(3, 4000, 0.25);
        let mixed = shares.iter().filter(|share| **share < 1.0).count();
        // Five standard deviations of a binomial.
        assert!((mixed as f64 - 1000.0).abs() < 5.0 * 27.4, "{mixed}");
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
    }

    #[test]
    fn masks_are_one_stretch_no_wider_than_asked() {
        let kept = kept_bands(7, [200, 20], 6);
        let widths: Vec<usize> = kept
            .chunks_exact(20)
            .map(|bands| {
                let first = bands.iter().position(|b| *b == 0.0);
                let last = bands.iter().rposition(|b| *b == 0.0);
                let width = first.zip(last).map_or(0, |(first, last)| last - first + 1);
                assert_eq!(bands.iter().filter(|b| **b == 0.0).count(), width);
                width
            })
            .collect();
        assert!((0..=6).all(|width| widths.contains(&width)));
        assert!(widths.iter().all(|width| *width <= 6));
        assert_eq!(kept, kept_bands(7, [200, 20], 6));
        assert_ne!(kept, kept_bands(8, [200, 20], 6));
    }
}
