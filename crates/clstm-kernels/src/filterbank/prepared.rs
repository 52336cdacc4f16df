//! Filters prepared once for any number of utterances.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::{FilterbankShape, mean_energies, pad_wave};
use crate::fft_conv::{FftConvPlan, WeightSpectra};
use crate::gemm::{GemmArgs, MatrixView, OutputMode, PackedWeights, gemm_nn};
use crate::{Buffer, threads};

/// Filters prepared once for utterances of any length.
#[derive(Debug)]
pub struct PreparedFilterbank {
    /// `[K, 2 F]`
    taps_first: Vec<f32>,
    /// Made at the first utterance that is long enough for the FFT. They depend on the filters and
    /// the stride, not on the length of an utterance.
    spectra: OnceLock<WeightSpectra>,
    /// Made at the first utterance that is too short for the FFT.
    direct: OnceLock<PackedWeights<f32>>,
}

impl PreparedFilterbank {
    /// Prepares `w` `[2, F, K]`.
    ///
    /// # Panics
    /// If `w` does not have the length given by the shape.
    #[must_use]
    pub fn new(shape: &FilterbankShape, w: &[f32]) -> Self {
        let (k, n) = (shape.kernel, shape.columns());
        assert_eq!(w.len(), n * k, "filterbank: weights are [2, F, K]");
        let mut taps_first = vec![0.0; n * k];
        for (column, taps) in w.chunks_exact(k).enumerate() {
            let to = taps_first[column..].iter_mut().step_by(n);
            to.zip(taps).for_each(|(to, tap)| *to = *tap);
        }
        Self { taps_first, spectra: OnceLock::new(), direct: OnceLock::new() }
    }

    /// [`forward`](super::forward) with these filters.
    ///
    /// # Panics
    /// If a slice does not have the length given by the shape, or the filters have other sizes.
    pub fn forward(&self, shape: &FilterbankShape, x: &[f32], e: &mut [f32]) {
        let algorithm = self.algorithm(shape);
        let energies = e.par_chunks_exact_mut(shape.output());
        threads::for_each(x.par_chunks_exact(shape.samples).zip(energies), |(x, e)| {
            algorithm.run(shape, x, e);
        });
    }

    /// [`PreparedFilterbank::forward`], returning the outputs of the filters of each utterance.
    pub(super) fn forward_kept(
        &self,
        shape: &FilterbankShape,
        x: &[f32],
        e: &mut [f32],
    ) -> Vec<Buffer> {
        let algorithm = self.algorithm(shape);
        let energies = e.par_chunks_exact_mut(shape.output());
        let outputs = x.par_chunks_exact(shape.samples).zip(energies);
        outputs.map(|(x, e)| algorithm.run(shape, x, e)).collect()
    }

    /// The faster algorithm for utterances of this length.
    fn algorithm(&self, shape: &FilterbankShape) -> ConvAlgorithm<'_> {
        let (k, n) = (shape.kernel, shape.columns());
        match FftConvPlan::if_faster(k, shape.stride, shape.positions(), n) {
            Some(plan) => {
                let weights = self.spectra.get_or_init(|| plan.weight_spectra(&self.taps_first));
                ConvAlgorithm::Fft(plan, weights)
            }
            None => ConvAlgorithm::Direct(
                self.direct
                    .get_or_init(|| PackedWeights::pack([1, k, n], &self.taps_first, [0, n, 1])),
            ),
        }
    }
}

/// How the convolution is computed.
enum ConvAlgorithm<'a> {
    Fft(FftConvPlan, &'a WeightSpectra),
    Direct(&'a PackedWeights<f32>),
}

impl ConvAlgorithm<'_> {
    /// Writes the energies of an utterance; returns the outputs of the filters.
    fn run(&self, shape: &FilterbankShape, x: &[f32], e: &mut [f32]) -> Buffer {
        let n = shape.columns();
        let wave = pad_wave(shape, x);
        let mut outputs = Buffer::recycled(shape.positions() * n);
        match self {
            Self::Fft(plan, weights) => {
                let spectra = plan.input_spectra(1, &wave, |_| 0);
                plan.convolve(weights, &spectra, 0..1, &mut outputs, n, |_| 0);
            }
            Self::Direct(weights) => gemm_nn(GemmArgs {
                a: windows(shape, &wave),
                tap_stride: 0,
                weights,
                out: &mut outputs,
                out_stride: n,
                mode: OutputMode::Overwrite,
            }),
        }
        mean_energies(shape, &outputs, e);
        outputs
    }
}

/// The windows of a padded utterance, `[positions, K]`.
pub(super) fn windows<'a>(shape: &FilterbankShape, wave: &'a [f32]) -> MatrixView<'a, f32> {
    MatrixView { data: wave, rows: shape.positions(), columns: shape.kernel, stride: shape.stride }
}
