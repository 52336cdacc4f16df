//! The learnable filterbank of `clstm-plus`: from the waveform to log energies of bands.

mod augment;

use std::f64::consts::PI;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use crate::init::TAPS_PER_WIDTH;
use crate::mel::{LINEAR_HZ, LOG_PER_KILOMEL, equally_spaced, mel_to_hz};
use crate::tensor_data::floats;
use crate::{
    FilterbankConfig, FilterbankSpec, Mode, NormPool, ParameterRole, Roles, WeightInit, WithRoles,
    fused, init, reference,
};

/// Initial value of the energy that is added before the logarithm: 40 dB below a clip at the front end's level of
/// -20 dBFS.
const FLOOR: f64 = 1e-6;

/// Gabor filters, squared modulus, mean over a frame, logarithm with a learnt floor, batch norm.
///
/// A filter is `exp(-t² / (2 w²)) exp(i ω t) / √(w √π)`, whose centre frequency and width are learnt
/// (Zeghidour et al., *LEAF*, ICLR 2021, <https://arxiv.org/abs/2101.08596>). Centres start equally
/// spaced on the mel scale from 60 Hz to 94% of Nyquist.
#[derive(Module, Debug)]
pub struct Filterbank {
    /// Centre frequencies `[filters]`, in thousands of mel (2595 log10(1 + Hz / 700)): a step of the optimiser is then one
    /// of about a mel.
    pub center: Param<Tensor<1>>,
    /// Widths `[filters]`: logarithms of the envelope's standard deviation in samples.
    pub width: Param<Tensor<1>>,
    /// Logarithms of what is added to the energies `[filters]`.
    pub floor: Param<Tensor<1>>,
    /// Batch norm of the log energies, one a band.
    pub norm: NormPool,
    #[module(skip)]
    spec: FilterbankSpec,
}

impl FilterbankSpec {
    /// Filters at their initial frequencies and widths; nothing is drawn.
    #[must_use]
    pub fn init(&self, initializer: &mut WeightInit, device: &Device) -> Filterbank {
        let (filters, rate) = (self.config.filters, f64::from(self.sample_rate));
        let (centers, apart) = equally_spaced(filters, self.sample_rate);
        // As wide as two neighbours are apart (their responses then cross near -1 dB), as far as the
        // taps hold 2.5 standard deviations.
        let width = |&center: &f64| {
            let hz_per_mel =
                (mel_to_hz(center + 0.5) - mel_to_hz(center - 0.5)).max(f64::MIN_POSITIVE);
            let width = rate / (2.0 * PI * apart * hz_per_mel);
            width.min(self.config.kernel as f64 / TAPS_PER_WIDTH).ln() as f32
        };
        let widths = centers.iter().map(width).collect();
        let centers = centers.iter().map(|mel| (mel / 1000.0) as f32).collect();
        Filterbank {
            center: init::parameter(centers, [filters], device),
            width: init::parameter(widths, [filters], device),
            floor: init::constant(FLOOR.ln() as f32, [filters], device),
            norm: self.norm().init(initializer, device),
            spec: *self,
        }
    }

    /// The values of [`Filterbank::taps`] of filters with these `center` and `width`, `[filters]` each.
    ///
    /// # Panics
    /// If these are not as many as filters.
    #[must_use]
    pub fn tap_values(&self, center: &[f32], width: &[f32]) -> Vec<f32> {
        let tensor = |values: &[f32]| {
            let data = TensorData::new(values.to_vec(), [self.config.filters]);
            Tensor::<1>::from_data(data, &Device::flex())
        };
        floats(self.taps(tensor(center), tensor(width), 1.0))
    }

    /// The taps `[2, filters, kernel]` of filters with these centre frequencies (in thousands of mel) and widths
    /// (logarithms of samples), `[filters]` each; real parts first. All centre frequencies are multiplied by `factor`.
    pub(crate) fn taps(&self, center: Tensor<1>, width: Tensor<1>, factor: f64) -> Tensor<3> {
        let FilterbankConfig { filters, kernel, .. } = self.config;
        let middle = (kernel as f32 - 1.0) / 2.0;
        let times: Vec<f32> = (0..kernel).map(|k| k as f32 - middle).collect();
        let device = center.device();
        let times = Tensor::<2>::from_data(TensorData::new(times, [1, kernel]), &device); // [1, K]
        let hertz = (center.mul_scalar(LOG_PER_KILOMEL).exp() - 1.0) * LINEAR_HZ;
        let per_hertz = factor * 2.0 * PI / f64::from(self.sample_rate);
        let omega = hertz.mul_scalar(per_hertz).reshape([filters, 1]);
        let width = width.exp().reshape([filters, 1]); // [F, 1]
        let place = times.clone() / width.clone(); // [F, K]
        let norm = (width * PI.sqrt()).sqrt();
        let envelope = (place.clone() * place).mul_scalar(-0.5).exp() / norm;
        let angle = times * omega; // [F, K]
        Tensor::stack::<3>(vec![envelope.clone() * angle.clone().cos(), envelope * angle.sin()], 0)
    }
}

impl Filterbank {
    /// The filters' taps `[2, filters, kernel]`, real parts first, all centre frequencies multiplied by
    /// `factor`.
    #[must_use]
    pub fn taps(&self, factor: f64) -> Tensor<3> {
        self.spec.taps(self.center.val(), self.width.val(), factor)
    }

    /// Normalised log energies.
    ///
    /// Training augments them by the settings of [`FilterbankConfig`]: VTLP, MixStyle, frequency masks.
    ///
    /// # Shapes
    /// - `waveform`: `[batch, samples]`
    /// - output: `[batch, frames, filters, 1]`
    #[must_use]
    pub fn forward(&self, waveform: Tensor<2>, mode: Mode) -> Tensor<4> {
        let logs = self.log_energies(waveform, mode);
        self.augment(self.norm.forward(logs, mode), mode)
    }

    /// Log energies before batch norm, from filters that training warps (VTLP).
    ///
    /// # Shapes
    /// - `waveform`: `[batch, samples]`
    /// - output: `[batch, frames, 1, filters]`
    #[must_use]
    pub fn log_energies(&self, waveform: Tensor<2>, mode: Mode) -> Tensor<4> {
        let [batch, samples] = waveform.dims();
        let FilterbankConfig { filters, mean_normalize, vtlp_max, .. } = self.spec.config;
        let shape = self.spec.kernel_shape(batch, samples);
        let factor = mode.seed().map_or(1.0, |seed| augment::vtlp_factor(vtlp_max, seed));
        let (taps, frames) = (self.taps(factor), shape.frames());
        let energies = if fused::runs_on(&waveform.device()) {
            fused::filterbank(waveform, taps, shape)
        } else {
            reference::filterbank(waveform, taps, shape)
        }; // [B, N, F]
        let floor = self.floor.val().exp().reshape([1, 1, filters]);
        let logs = (energies.clone() + floor.clone()).log();
        let logs = if mean_normalize { logs - (energies.mean_dim(1) + floor).log() } else { logs };
        logs.reshape([batch, frames, 1, filters])
    }

    /// MixStyle and frequency masks of normalised log energies in training.
    ///
    /// # Shapes
    /// - `bands`: `[batch, frames, 1, filters]`
    /// - output: `[batch, frames, filters, 1]`
    #[must_use]
    pub fn augment(&self, bands: Tensor<4>, mode: Mode) -> Tensor<4> {
        let [batch, frames, _, filters] = bands.dims();
        let bands = bands.reshape([batch, frames, filters]);
        let bands = match mode.seed() {
            Some(seed) => augment::augment(&self.spec.config, bands, seed),
            None => bands,
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
