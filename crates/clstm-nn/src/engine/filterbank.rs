//! The filterbank.

use clstm_kernels::Buffer;
use clstm_kernels::filterbank::PreparedFilterbank;
use clstm_kernels::norm_pool::PreparedNormPool;

use super::layer::{Layer, norm_pool};
use crate::tensors::Tensors;
use crate::{FilterbankSpec, NetworkError};

/// [`Filterbank`](crate::Filterbank).
#[derive(Debug)]
pub(super) struct Filterbank {
    spec: FilterbankSpec,
    packed: PreparedFilterbank,
    /// Added to the energies `[F]`.
    floor: Vec<f32>,
    norm: PreparedNormPool,
}

impl Filterbank {
    pub(super) fn new(
        path: &str,
        spec: &FilterbankSpec,
        tensors: &mut Tensors<'_>,
    ) -> Result<Self, NetworkError> {
        let filters = spec.config.filters;
        let mut take = |name: &str| tensors.take(&format!("{path}.{name}"), &[filters]);
        let (centers, widths, floor) = (take("center")?, take("width")?, take("floor")?);
        let taps = spec.tap_values(centers, widths);
        if let Some(index) = taps.iter().position(|tap| !tap.is_finite()) {
            let name = format!("{path}.width");
            let index = index / spec.config.kernel % filters;
            return Err(NetworkError::NonFinite { name, index });
        }
        Ok(Self {
            spec: *spec,
            packed: PreparedFilterbank::new(&spec.kernel_shape(0, 0), &taps),
            floor: floor.iter().map(|floor| floor.exp()).collect(),
            norm: norm_pool(&format!("{path}.norm"), spec.norm(), tensors)?,
        })
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

impl Layer for Filterbank {
    /// From waveforms `x` `[batch, samples]` to `[batch, frames, filters]`.
    fn forward(&self, batch: usize, _: usize, x: &[f32]) -> (Buffer, usize) {
        let shape = self.spec.kernel_shape(batch, x.len() / batch);
        let filters = shape.filters;
        let mut energies = Buffer::recycled(batch * shape.frames() * filters);
        self.packed.forward(&shape, x, &mut energies);
        let utterance = shape.frames() * filters;
        let mut base = Buffer::zeros(filters);
        for energies in energies.chunks_exact_mut(utterance) {
            if self.spec.config.mean_normalize {
                self.log_means(energies, &mut base);
            }
            for bands in energies.chunks_exact_mut(filters) {
                let bands = bands.iter_mut().zip(&self.floor).zip(&base[..]);
                bands.for_each(|((e, floor), base)| *e = (*e + floor).ln() - base);
            }
        }
        let norm = self.spec.norm().kernel_shape(batch * shape.frames(), 1);
        let mut y = Buffer::recycled(energies.len());
        self.norm.forward(&norm, &energies, &mut y);
        (y, shape.frames())
    }
}
