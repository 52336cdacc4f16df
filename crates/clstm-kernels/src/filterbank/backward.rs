//! The gradient of the filters.

use rayon::prelude::*;

use super::prepared::windows;
use super::{FilterbankShape, Saved, pad_wave};
use crate::fft_conv::FftConvPlan;
use crate::gemm::{ConvTaps, GemmTnArgs, MatrixView, gemm_tn};
use crate::simd::vectorized;
use crate::{Buffer, UTTERANCES_PER_GRADIENT};

/// The gradient of the filters `[2, F, K]` given `de` `[B, frames, F]`. The waveform is data: no
/// gradient is computed for it.
///
/// Sums over utterances are taken in their order: the result does not depend on the number of threads.
///
/// # Panics
/// If a slice does not have the length given by the shape, or `saved` comes from another shape.
#[must_use]
pub fn backward(shape: &FilterbankShape, saved: Saved, x: &[f32], de: &[f32]) -> Vec<f32> {
    const BLOCK: usize = UTTERANCES_PER_GRADIENT;
    let n = shape.columns();
    assert_eq!(x.len(), shape.batch * shape.samples, "filterbank: x is [B, N]");
    assert_eq!(de.len(), shape.batch * shape.output(), "filterbank: energies are [B, frames, F]");
    assert_eq!(saved.outputs.len(), shape.batch, "filterbank: saved by another call");
    let plan = FftConvPlan::if_faster(shape.kernel, shape.stride, shape.positions(), n);
    let mut outputs: Vec<_> =
        saved.outputs.into_iter().zip(de.chunks_exact(shape.output())).collect();
    let tasks = outputs.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK * shape.samples));
    let sums: Vec<Buffer> = tasks
        .map(|(outputs, x)| {
            let utterances = outputs.iter_mut().zip(x.chunks_exact(shape.samples));
            let utterances = utterances.map(|((output, de), x)| {
                output_gradient(shape, de, output);
                (pad_wave(shape, x), &**output)
            });
            match &plan {
                Some(plan) => {
                    let mut sum = plan.zero_gradient();
                    for (wave, d) in utterances {
                        let spectra = plan.input_spectra(1, &wave, |_| 0);
                        plan.accumulate_gradient(&spectra, 0..1, d, n, |_| 0, &mut sum);
                    }
                    plan.weight_gradient(&sum)
                }
                None => {
                    let mut sum = Buffer::zeros(shape.kernel * n);
                    for (wave, d) in utterances {
                        let (a, d) = (
                            windows(shape, &wave),
                            MatrixView::contiguous(d, shape.positions(), n),
                        );
                        gemm_tn(GemmTnArgs { a, taps: ConvTaps::ONE, d, grad: &mut sum });
                    }
                    sum
                }
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

/// Replaces the outputs of the filters `[positions, 2 F]` by their gradients, given those of the
/// energies.
fn output_gradient(shape: &FilterbankShape, de: &[f32], outputs: &mut [f32]) {
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
