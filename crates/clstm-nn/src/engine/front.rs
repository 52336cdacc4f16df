//! What stands before the recurrent blocks: filterbank and convolutional blocks.

use std::f64::consts::PI;

use clstm_kernels::Buffer;
use clstm_kernels::conv_2d;
use clstm_kernels::filterbank;
use clstm_kernels::norm_pool::{self, NormPoolShape};

use crate::filterbank::{MEL, hertz};
use crate::norm_pool::EPSILON;
use crate::tensors::Tensors;
use crate::{ConvBlockConfig, FilterbankConfig, NetworkConfig, NetworkError, Precision};

/// [`Filterbank`](crate::Filterbank).
#[derive(Debug)]
pub(super) struct Filterbank {
    config: FilterbankConfig,
    packed: filterbank::PreparedFilterbank,
    /// Added to the energies `[F]`.
    floor: Vec<f32>,
    norm: norm_pool::PreparedNormPool,
}

/// The batch norm at `path`, by its running statistics.
fn norm(
    path: &str,
    channels: usize,
    tensors: &mut Tensors<'_>,
) -> Result<norm_pool::PreparedNormPool, NetworkError> {
    let mut take = |name: &str| tensors.take(&format!("{path}.{name}"), &[channels]);
    let (gamma, beta) = (take("gamma")?, take("beta")?);
    let (mean, variance) = (take("statistics.mean")?, take("statistics.variance")?);
    Ok(norm_pool::PreparedNormPool::new(gamma, beta, mean, variance, EPSILON))
}

impl Filterbank {
    pub(super) fn new(
        network: &NetworkConfig,
        config: FilterbankConfig,
        tensors: &mut Tensors<'_>,
    ) -> Result<Self, NetworkError> {
        let filters = config.filters;
        let mut take = |name: &str| tensors.take(&format!("filterbank.{name}"), &[filters]);
        let (centers, widths, floor) = (take("center")?, take("width")?, take("floor")?);
        let taps = taps(config.kernel, f64::from(network.sample_rate), centers, widths);
        if let Some(index) = taps.iter().position(|tap| !tap.is_finite()) {
            let name = "filterbank.width".to_owned();
            return Err(NetworkError::NonFinite { name, index: index / config.kernel % filters });
        }
        Ok(Self {
            config,
            packed: filterbank::PreparedFilterbank::new(&shape(&config, 0, 0), &taps),
            floor: floor.iter().map(|floor| floor.exp()).collect(),
            norm: norm("filterbank.norm", filters, tensors)?,
        })
    }

    /// From waveforms `x` `[batch, samples]` to `[batch, frames, filters]`.
    pub(super) fn forward(&self, batch: usize, x: &[f32]) -> Buffer {
        let shape = shape(&self.config, batch, x.len() / batch);
        let filters = shape.filters;
        let mut energies = Buffer::recycled(batch * shape.frames() * filters);
        self.packed.forward(&shape, x, &mut energies);
        let utterance = shape.frames() * filters;
        let mut base = Buffer::zeros(filters);
        for energies in energies.chunks_exact_mut(utterance) {
            if self.config.mean_normalize {
                self.log_means(energies, &mut base);
            }
            for bands in energies.chunks_exact_mut(filters) {
                let bands = bands.iter_mut().zip(&self.floor).zip(&base[..]);
                bands.for_each(|((e, floor), base)| *e = (*e + floor).ln() - base);
            }
        }
        let norm = NormPoolShape {
            rows: batch * shape.frames(),
            positions: 1,
            channels: filters,
            pool: 1,
        };
        let mut y = Buffer::recycled(energies.len());
        self.norm.forward(&norm, &energies, &mut y);
        y
    }

    /// Logarithms of the mean energies of an utterance `[frames, filters]` in each band.
    fn log_means(&self, energies: &[f32], to: &mut [f32]) {
        to.fill(0.0);
        for bands in energies.chunks_exact(to.len()) {
            to.iter_mut().zip(bands).for_each(|(to, e)| *to += e);
        }
        let frames = (energies.len() / to.len()) as f32;
        let logs = to.iter_mut().zip(&self.floor);
        logs.for_each(|(to, floor)| *to = (*to / frames + floor).ln());
    }
}

fn shape(config: &FilterbankConfig, batch: usize, samples: usize) -> filterbank::FilterbankShape {
    let FilterbankConfig { filters, kernel, stride, pool, .. } = *config;
    filterbank::FilterbankShape { batch, samples, filters, kernel, stride, pool }
}

/// [`Filterbank::taps`](crate::Filterbank::taps) without a framework, `[2, filters, kernel]`.
fn taps(kernel: usize, rate: f64, centers: &[f32], widths: &[f32]) -> Vec<f32> {
    let middle = (kernel as f64 - 1.0) / 2.0;
    let mut taps = Vec::with_capacity(2 * centers.len() * kernel);
    for part in [f64::cos, f64::sin] {
        for (center, width) in centers.iter().zip(widths) {
            let omega = 2.0 * PI * hertz(f64::from(*center) * MEL) / rate;
            let width = f64::from(*width).exp();
            let norm = (width * PI.sqrt()).sqrt();
            taps.extend((0..kernel).map(|k| {
                let t = k as f64 - middle;
                ((-0.5 * (t / width).powi(2)).exp() / norm * part(omega * t)) as f32
            }));
        }
    }
    taps
}

/// [`ConvBlock`](crate::ConvBlock).
#[derive(Debug)]
pub(super) struct ConvBlock {
    /// For no batch and time yet.
    shape: conv_2d::Conv2dShape,
    packed: conv_2d::PreparedConv2d,
    norm: norm_pool::PreparedNormPool,
    pool: usize,
}

impl ConvBlock {
    pub(super) fn new(
        network: &NetworkConfig,
        index: usize,
        tensors: &mut Tensors<'_>,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let path = format!("convolutions.{index}");
        let (length, channels) = network.convolution_input(index);
        let ConvBlockConfig { filters, kernel_time, kernel_length, stride_time, pool } =
            network.convolutions[index];
        let sizes = [kernel_time, kernel_length, channels, filters];
        let weight = tensors.take(&format!("{path}.weight"), &sizes)?;
        let shape = conv_2d::Conv2dShape {
            batch: 0,
            time: 0,
            length,
            channels,
            filters,
            kernel_time,
            kernel_length,
            stride_time,
            precision: precision.into(),
        };
        let packed = conv_2d::PreparedConv2d::new(&shape, weight);
        let norm = norm(&format!("{path}.norm_pool"), filters, tensors)?;
        Ok(Self { shape, packed, norm, pool })
    }

    /// From `x` `[batch, time, length, channels]` to `[batch, steps, pooled, filters]`, and the steps.
    pub(super) fn forward(&self, batch: usize, time: usize, x: &[f32]) -> (Buffer, usize) {
        let shape = conv_2d::Conv2dShape { batch, time, ..self.shape };
        let (steps, channels) = (shape.steps(), shape.filters);
        let mut h = Buffer::recycled(batch * steps * shape.length * channels);
        self.packed.forward(&shape, x, &mut h);
        let norm = NormPoolShape {
            rows: batch * steps,
            positions: shape.length,
            channels,
            pool: self.pool,
        };
        let mut y = Buffer::recycled(batch * steps * norm.pooled() * channels);
        self.norm.forward(&norm, &h, &mut y);
        // Not `max`, which would hide a NaN.
        y.iter_mut().for_each(|y| *y = if *y < 0.0 { 0.0 } else { *y });
        (y, steps)
    }
}
