//! The learnable filterbank of `clstm-plus`: from the waveform to log energies of bands.

use std::f64::consts::{LN_10, PI};

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use clstm_kernels::filterbank::Shape;

use crate::norm_pool::EPSILON;
use crate::{FilterbankConfig, Initializer, Mode, NormPool, NormPoolConfig, composed, fused, init};

/// Mel of the unit in which centre frequencies are learnt: a step of the optimiser is then a step of
/// about one mel.
pub(crate) const MEL: f64 = 1000.0;

/// Energy that the logarithm's floor starts with: 40 dB below a clip at the front end's level of
/// -20 dBFS.
const FLOOR: f64 = 1e-6;

/// Gabor filters, squared modulus, mean over a frame, logarithm with a learnt floor, batch norm.
///
/// A filter is `exp(-t² / (2 w²)) exp(i ω t) / √(w √π)`, whose centre frequency and width are learnt
/// (Zeghidour et al., *LEAF*, ICLR 2021, <https://arxiv.org/abs/2101.08596>). Centres start equally
/// spaced on the mel scale from 60 Hz to 94% of Nyquist.
#[derive(Module, Debug)]
pub struct Filterbank {
    /// Centre frequencies `[filters]`, in thousands of mel (2595 log10(1 + Hz / 700)).
    pub center: Param<Tensor<1>>,
    /// Widths `[filters]`: logarithms of the envelope's standard deviation in samples.
    pub width: Param<Tensor<1>>,
    /// Logarithms of what is added to the energies `[filters]`.
    pub floor: Param<Tensor<1>>,
    /// Batch norm of the log energies, one a band.
    pub norm: NormPool,
    #[module(skip)]
    sizes: Sizes,
}

#[derive(Clone, Copy, Debug)]
struct Sizes {
    config: FilterbankConfig,
    sample_rate: u32,
}

impl FilterbankConfig {
    /// Filters at their starting places for a waveform at `sample_rate` Hz.
    #[must_use]
    pub fn init(
        &self,
        sample_rate: u32,
        initializer: &mut Initializer,
        device: &Device,
    ) -> Filterbank {
        let rate = f64::from(sample_rate);
        let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
        let (low, high) = (mel(60.0), mel(0.47 * rate));
        let places = (0..self.filters).map(|f| (f as f64 + 0.5) / self.filters as f64);
        let centers: Vec<f64> = places.map(|place| low + (high - low) * place).collect();
        // As wide as two neighbours are apart (their responses then cross near -3 dB), as far as the
        // taps hold 2.5 standard deviations.
        let apart = (high - low) / self.filters as f64;
        let width = |&center: &f64| {
            let hz_per_mel = (hertz(center + 0.5) - hertz(center - 0.5)).max(f64::MIN_POSITIVE);
            let width = rate / (2.0 * PI * apart * hz_per_mel);
            width.min(self.kernel as f64 / 5.0).ln() as f32
        };
        let widths = centers.iter().map(width).collect();
        let centers = centers.iter().map(|mel| (mel / MEL) as f32).collect();
        let norm = NormPoolConfig { channels: self.filters, pool: 1 };
        Filterbank {
            center: init::parameter(centers, [self.filters], device),
            width: init::parameter(widths, [self.filters], device),
            floor: init::constant(FLOOR.ln() as f32, [self.filters], device),
            norm: norm.init(initializer, device),
            sizes: Sizes { config: *self, sample_rate },
        }
    }
}

/// The frequency of so many mel, in Hz.
pub(crate) fn hertz(mel: f64) -> f64 {
    700.0 * ((mel * LN_10 / 2595.0).exp() - 1.0)
}

impl Filterbank {
    /// The filters' taps `[2, filters, kernel]`, real parts first, all centre frequencies multiplied by
    /// `factor`.
    #[must_use]
    pub fn taps(&self, factor: f64) -> Tensor<3> {
        let Sizes { config: FilterbankConfig { filters, kernel, .. }, sample_rate } = self.sizes;
        let middle = (kernel as f32 - 1.0) / 2.0;
        let times: Vec<f32> = (0..kernel).map(|k| k as f32 - middle).collect();
        let device = self.center.val().device();
        let times = Tensor::<2>::from_data(TensorData::new(times, [1, kernel]), &device); // [1, K]
        let hertz = (self.center.val().mul_scalar(MEL * LN_10 / 2595.0).exp() - 1.0) * 700.0;
        let omega =
            hertz.mul_scalar(factor * 2.0 * PI / f64::from(sample_rate)).reshape([filters, 1]);
        let width = self.width.val().exp().reshape([filters, 1]); // [F, 1]
        let place = times.clone() / width.clone(); // [F, K]
        let norm = (width * PI.sqrt()).sqrt();
        let envelope = (place.clone() * place).mul_scalar(-0.5).exp() / norm;
        let angle = times * omega; // [F, K]
        Tensor::stack::<3>(vec![envelope.clone() * angle.clone().cos(), envelope * angle.sin()], 0)
    }

    /// Normalised log energies.
    ///
    /// While training, a stretch of bands is set to their mean, as SpecAugment does (Park et al.,
    /// Interspeech 2019, <https://arxiv.org/abs/1904.08779>), drawn anew for each utterance.
    ///
    /// # Shapes
    /// - `waveform`: `[batch, samples]`
    /// - output: `[batch, frames, filters, 1]`
    #[must_use]
    pub fn forward(&self, waveform: Tensor<2>, mode: Mode) -> Tensor<4> {
        let [batch, samples] = waveform.dims();
        let FilterbankConfig { filters, kernel, stride, pool, mask, relative, warp, style } =
            self.sizes.config;
        let shape = Shape { batch, samples, filters, kernel, stride, pool };
        let factor = match mode {
            Mode::Training { seed } => {
                1.0 + warp * (2.0 * Initializer::new(seed ^ 0x7761_7270).unit() - 1.0)
            }
            Mode::Inference => 1.0,
        };
        let (taps, frames) = (self.taps(factor), shape.frames());
        let energies = if fused::runs_on(&waveform.device()) {
            fused::filterbank(waveform, taps, shape)
        } else {
            composed::filterbank(waveform, taps, shape)
        }; // [B, N, F]
        let floor = self.floor.val().exp().reshape([1, 1, filters]);
        let logs = (energies.clone() + floor.clone()).log();
        let logs = if relative { logs - (energies.mean_dim(1) + floor).log() } else { logs };
        let logs = logs.reshape([batch, frames, 1, filters]);
        let mut bands = self.norm.forward(logs, mode).reshape([batch, frames, filters]);
        if let Mode::Training { seed } = mode {
            if style > 0.0 && batch > 1 {
                bands = mix_styles(bands, own_shares(seed, batch, style));
            }
            if mask > 0 {
                let kept =
                    TensorData::new(kept_bands(seed, [batch, filters], mask), [batch, 1, filters]);
                let device = bands.device();
                bands = bands * Tensor::from_data(kept, &device);
            }
        }
        bands.reshape([batch, frames, filters, 1])
    }
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
    let mut random = Initializer::new(seed ^ 0x7374_796c);
    let share = |_| if random.unit() < style { 1.0 - random.unit() } else { 1.0 };
    (0..batch).map(share).map(|share| share as f32).collect()
}

/// Ones, and zeros over a stretch of 0 to `widest` bands of each utterance, `[batch, filters]`.
fn kept_bands(seed: u64, [batch, filters]: [usize; 2], widest: usize) -> Vec<f32> {
    let mut random = Initializer::new(seed ^ 0x6261_6e64);
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
    use crate::values::floats;

    #[test]
    fn styles_are_mixed_by_their_shares() {
        let mut random = crate::Initializer::new(1);
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
