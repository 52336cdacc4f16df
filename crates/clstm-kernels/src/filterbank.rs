//! Energies of a waveform behind a bank of complex filters, forward and backward.
//!
//! ```text
//! e[n, f] = 1/P Σ_{p = nP}^{nP + P - 1} |Σ_k (a[f, k] + i b[f, k]) x[p S + k - before]|²
//! ```
//!
//! A filter with a Gaussian envelope and its quadrature partner give the squared envelope of a band,
//! and the mean over `P` of its samples smooths it: the learnable front end of LEAF (Zeghidour et al.,
//! ICLR 2021, <https://arxiv.org/abs/2101.08596>) with free filters.
//!
//! The convolution goes by way of [`fft_conv`](crate::fft_conv) where that is cheaper.

use std::sync::OnceLock;

use rayon::prelude::*;

use crate::activation::vectorized;
use crate::fft_conv::{self, FftConvPlan};
use crate::gemm::{self, ConvTaps, MatrixView, OutputMode, PackedWeights};
use crate::{Buffer, threads};

/// Sizes of one filterbank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterbankShape {
    /// Utterances, B.
    pub batch: usize,
    /// Samples of an utterance, N.
    pub samples: usize,
    /// Filters, F.
    pub filters: usize,
    /// Taps of a filter, K.
    pub kernel: usize,
    /// Samples from one output of a filter to the next, S.
    pub stride: usize,
    /// Outputs whose energies are averaged, P.
    pub pool: usize,
}

impl FilterbankShape {
    /// Frames of an utterance, `ceil(ceil(N / S) / P)`; beyond the end of the utterance are zeros.
    ///
    /// # Panics
    /// If the stride or the pooling is 0.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.samples.div_ceil(self.stride).div_ceil(self.pool)
    }

    /// Outputs of a filter.
    fn positions(&self) -> usize {
        self.frames() * self.pool
    }

    /// Real and imaginary parts.
    fn columns(&self) -> usize {
        2 * self.filters
    }

    /// Samples with their padding.
    fn padded(&self) -> usize {
        ((self.positions() - 1) * self.stride + self.kernel).max(self.before() + self.samples)
    }

    /// Zeros before the first sample: the first window is centred on the first stride of samples.
    fn before(&self) -> usize {
        self.kernel.saturating_sub(self.stride) / 2
    }

    fn output(&self) -> usize {
        self.frames() * self.filters
    }

    fn check(&self, x: &[f32], w: &[f32], y: &[f32]) {
        let sizes = [self.samples, self.filters, self.kernel, self.stride, self.pool];
        assert!(
            sizes.into_iter().all(|size| size > 0),
            "filterbank: every size must be positive: {self:?}"
        );
        assert_eq!(x.len(), self.batch * self.samples, "filterbank: x is [B, N]");
        assert_eq!(w.len(), self.columns() * self.kernel, "filterbank: weights are [2, F, K]");
        assert_eq!(y.len(), self.batch * self.output(), "filterbank: energies are [B, frames, F]");
    }
}

/// What [`backward`] needs of [`forward`].
#[derive(Debug)]
pub struct Saved {
    /// The filters' outputs `[positions, 2 F]` of each utterance.
    outputs: Vec<Buffer>,
}

/// Energies `e` `[B, frames, F]` of `x` `[B, N]` behind the filters `w` `[2, F, K]`, real parts first;
/// what the backward pass needs if `keep`.
///
/// # Panics
/// If a size is 0 or a slice does not have the length that the shape says.
pub fn forward(
    shape: &FilterbankShape,
    x: &[f32],
    w: &[f32],
    e: &mut [f32],
    keep: bool,
) -> Option<Saved> {
    shape.check(x, w, e);
    let packed = PreparedFilterbank::new(shape, w);
    if keep {
        return Some(Saved { outputs: packed.forward_kept(shape, x, e) });
    }
    packed.forward(shape, x, e);
    None
}

/// The gradient of the weights `[2, F, K]`; the waveform is data and gets none.
///
/// Sums over utterances are taken in their order: the result does not depend on the number of threads.
///
/// # Panics
/// If a slice does not have the length that the shape says, or `saved` is of another call.
#[must_use]
pub fn backward(shape: &FilterbankShape, saved: Saved, x: &[f32], de: &[f32]) -> Vec<f32> {
    let n = shape.columns();
    assert_eq!(x.len(), shape.batch * shape.samples, "filterbank: x is [B, N]");
    assert_eq!(de.len(), shape.batch * shape.output(), "filterbank: energies are [B, frames, F]");
    assert_eq!(saved.outputs.len(), shape.batch, "filterbank: saved by another call");
    let plan = FftConvPlan::if_faster(shape.kernel, shape.stride, shape.positions(), n);
    let mut outputs: Vec<_> =
        saved.outputs.into_iter().zip(de.chunks_exact(shape.output())).collect();
    let tasks = outputs.par_chunks_mut(TOGETHER).zip(x.par_chunks(TOGETHER * shape.samples));
    let sums: Vec<Buffer> = tasks
        .map(|(outputs, x)| {
            let mut direct = plan.is_none().then(|| Buffer::zeros(shape.kernel * n));
            let mut spectral = plan.as_ref().map(|plan| (plan, plan.zero_gradient()));
            for ((output, de), x) in outputs.iter_mut().zip(x.chunks_exact(shape.samples)) {
                differentiate(shape, de, output);
                let wave = pad(shape, x);
                if let Some((plan, sum)) = &mut spectral {
                    let spectra = plan.input_spectra(1, &wave, |_| 0);
                    plan.accumulate_gradient(&spectra, 0..1, output, n, |_| 0, sum);
                }
                if let Some(sum) = &mut direct {
                    let a = MatrixView { data: &wave[..], stride: shape.stride };
                    let d = MatrixView { data: &output[..], stride: n };
                    let sizes = [shape.kernel, n];
                    gemm::gemm_tn(shape.positions(), a, ConvTaps::ONE, d, sizes, sum);
                }
            }
            match (direct, spectral) {
                (Some(sum), _) => sum,
                (None, Some((plan, sum))) => plan.weight_gradient(&sum),
                (None, None) => Buffer::zeros(shape.kernel * n),
            }
        })
        .collect();
    let mut gradient = vec![0.0; n * shape.kernel];
    for sum in sums {
        for (k, row) in sum.chunks_exact(n).enumerate() {
            let column = gradient[k..].iter_mut().step_by(shape.kernel);
            column.zip(row).for_each(|(to, sum)| *to += sum);
        }
    }
    gradient
}

/// Utterances whose weight gradients one task sums, see [`crate::conv_2d`].
const TOGETHER: usize = 4;

/// Turns the filters' outputs `[positions, 2 F]` into their gradients by those of the energies.
fn differentiate(shape: &FilterbankShape, de: &[f32], outputs: &mut [f32]) {
    let (f, scale) = (shape.filters, 2.0 / shape.pool as f32);
    let frames = outputs.chunks_exact_mut(shape.pool * 2 * f).zip(de.chunks_exact(f));
    vectorized(
        #[inline(always)]
        || {
            for (outputs, de) in frames {
                for output in outputs.chunks_exact_mut(f) {
                    output.iter_mut().zip(de).for_each(|(y, de)| *y *= scale * de);
                }
            }
        },
    );
}

/// Filters packed for [`PreparedFilterbank::forward`], once for all lengths of an utterance.
#[derive(Debug)]
pub struct PreparedFilterbank {
    /// `[K, 2 F]`
    taps_first: Vec<f32>,
    /// Made at the first use, which need not come: short utterances go the direct way. They depend on
    /// the filters and their stride, not on the length of an utterance.
    spectra: OnceLock<fft_conv::WeightSpectra>,
    direct: PackedWeights<f32>,
}

impl PreparedFilterbank {
    /// Packs `w` `[2, F, K]`.
    ///
    /// # Panics
    /// If `w` does not have that many elements.
    #[must_use]
    pub fn new(shape: &FilterbankShape, w: &[f32]) -> Self {
        let (k, n) = (shape.kernel, shape.columns());
        assert_eq!(w.len(), n * k, "filterbank: weights are [2, F, K]");
        let mut taps_first = vec![0.0; n * k];
        for (column, taps) in w.chunks_exact(k).enumerate() {
            let to = taps_first[column..].iter_mut().step_by(n);
            to.zip(taps).for_each(|(to, tap)| *to = *tap);
        }
        Self {
            taps_first,
            spectra: OnceLock::new(),
            direct: PackedWeights::pack([1, k, n], w, [0, 1, k]),
        }
    }

    /// [`forward`] with these filters.
    ///
    /// # Panics
    /// If a slice does not have the length that the shape says, or other filters were packed.
    pub fn forward(&self, shape: &FilterbankShape, x: &[f32], e: &mut [f32]) {
        let algorithm = self.algorithm(shape);
        let energies = e.par_chunks_exact_mut(shape.output());
        threads::for_each(x.par_chunks_exact(shape.samples).zip(energies), |(x, e)| {
            algorithm.run(shape, x, e);
        });
    }

    /// [`PreparedFilterbank::forward`], and the outputs of the filters.
    fn forward_kept(&self, shape: &FilterbankShape, x: &[f32], e: &mut [f32]) -> Vec<Buffer> {
        let algorithm = self.algorithm(shape);
        let energies = e.par_chunks_exact_mut(shape.output());
        let outputs = x.par_chunks_exact(shape.samples).zip(energies);
        outputs.map(|(x, e)| algorithm.run(shape, x, e)).collect()
    }

    /// How utterances of this length go.
    fn algorithm(&self, shape: &FilterbankShape) -> ConvAlgorithm<'_> {
        let n = shape.columns();
        match FftConvPlan::if_faster(shape.kernel, shape.stride, shape.positions(), n) {
            Some(plan) => {
                let weights = self.spectra.get_or_init(|| plan.weight_spectra(&self.taps_first));
                ConvAlgorithm::Fft(plan, weights)
            }
            None => ConvAlgorithm::Direct(&self.direct),
        }
    }
}

/// How a convolution is made.
#[expect(clippy::large_enum_variant, reason = "made once a call, where it stays")]
enum ConvAlgorithm<'a> {
    Fft(FftConvPlan, &'a fft_conv::WeightSpectra),
    Direct(&'a PackedWeights<f32>),
}

impl ConvAlgorithm<'_> {
    /// Energies of an utterance, and the outputs of the filters.
    fn run(&self, shape: &FilterbankShape, x: &[f32], e: &mut [f32]) -> Buffer {
        let n = shape.columns();
        let wave = pad(shape, x);
        let mut outputs = Buffer::recycled(shape.positions() * n);
        match self {
            Self::Fft(plan, weights) => {
                let spectra = plan.input_spectra(1, &wave, |_| 0);
                plan.convolve(weights, &spectra, 0..1, &mut outputs, n, |_| 0);
            }
            Self::Direct(panels) => {
                let a = MatrixView { data: &wave[..], stride: shape.stride };
                let rows = shape.positions();
                gemm::gemm_nn(rows, a, 0, panels, &mut outputs, n, OutputMode::Overwrite);
            }
        }
        energies_of(shape, &outputs, e);
        outputs
    }
}

/// Mean squared moduli `[frames, F]` of outputs `[positions, 2 F]`.
fn energies_of(shape: &FilterbankShape, outputs: &[f32], e: &mut [f32]) {
    let (f, scale) = (shape.filters, 1.0 / shape.pool as f32);
    vectorized(
        #[inline(always)]
        || {
            let frames = outputs.chunks_exact(shape.pool * 2 * f);
            for (outputs, e) in frames.zip(e.chunks_exact_mut(f)) {
                e.fill(0.0);
                for output in outputs.chunks_exact(f) {
                    e.iter_mut().zip(output).for_each(|(e, y)| *e += y * y);
                }
                e.iter_mut().for_each(|e| *e *= scale);
            }
        },
    );
}

/// An utterance between its zeros.
fn pad(shape: &FilterbankShape, x: &[f32]) -> Buffer {
    let mut wave = Buffer::zeros(shape.padded());
    wave[shape.before()..][..x.len()].copy_from_slice(x);
    wave
}
