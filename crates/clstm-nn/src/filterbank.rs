//! The learnable filterbank of `clstm-plus`: from the waveform to log energies of bands.

mod augment;

use std::f64::consts::{LN_10, PI};

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use clstm_kernels::filterbank::FilterbankShape;

use crate::{
    FilterbankConfig, Mode, NormPool, NormPoolConfig, ParameterRole, Roles, WeightInit, WithRoles,
    fused, init, reference,
};

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
        initializer: &mut WeightInit,
        device: &Device,
    ) -> Filterbank {
        let rate = f64::from(sample_rate);
        let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
        let (low, high) = (mel(60.0), mel(0.47 * rate));
        let places = (0..self.filters).map(|f| (f as f64 + 0.5) / self.filters as f64);
        let centers: Vec<f64> = places.map(|place| low + (high - low) * place).collect();
        // As wide as two neighbours are apart (their responses then cross near -1 dB), as far as the
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
    /// Training varies them as [`FilterbankConfig`] says: frequencies are warped, styles mixed, bands
    /// masked.
    ///
    /// # Shapes
    /// - `waveform`: `[batch, samples]`
    /// - output: `[batch, frames, filters, 1]`
    #[must_use]
    pub fn forward(&self, waveform: Tensor<2>, mode: Mode) -> Tensor<4> {
        let [batch, samples] = waveform.dims();
        let FilterbankConfig { filters, kernel, stride, pool, mean_normalize, vtlp_max, .. } =
            self.sizes.config;
        let shape = FilterbankShape { batch, samples, filters, kernel, stride, pool };
        let factor = match mode {
            Mode::Training { seed, .. } => augment::vtlp_factor(vtlp_max, seed),
            Mode::Inference => 1.0,
        };
        let (taps, frames) = (self.taps(factor), shape.frames());
        let energies = if fused::runs_on(&waveform.device()) {
            fused::filterbank(waveform, taps, shape)
        } else {
            reference::filterbank(waveform, taps, shape)
        }; // [B, N, F]
        let floor = self.floor.val().exp().reshape([1, 1, filters]);
        let logs = (energies.clone() + floor.clone()).log();
        let logs = if mean_normalize { logs - (energies.mean_dim(1) + floor).log() } else { logs };
        let logs = logs.reshape([batch, frames, 1, filters]);
        let bands = self.norm.forward(logs, mode).reshape([batch, frames, filters]);
        let bands = match mode {
            Mode::Training { seed, .. } => augment::vary(&self.sizes.config, bands, seed),
            Mode::Inference => bands,
        };
        bands.reshape([batch, frames, filters, 1])
    }
}

impl WithRoles for Filterbank {
    fn add_roles(&self, roles: &mut Roles) {
        for param in [&self.center, &self.width, &self.floor] {
            roles.add(param, ParameterRole::vector());
        }
        self.norm.add_roles(roles);
    }
}
