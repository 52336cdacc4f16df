//! The input-to-state convolution of a group.

mod gradient;

use std::ops::Range;
use std::sync::Arc;

use super::ConvLstmShape;
use super::group::Layout;
use super::weights::{reverse_taps, transpose};
use super::winograd_input::{WinogradInput, WinogradInputWeights};
use crate::Buffer;
use crate::fft_conv::{FftConvPlan, InputSpectra, WeightSpectra};
use crate::gemm::{GemmArgs, GemmScalar, MatrixView, OutputMode, PackedWeights, gemm_nn};
use crate::padding::rows_between_zeros;
use crate::winograd::Convolution;
pub(super) use gradient::{RawGradients, unpack_gradient, unpack_rows};

/// Input-to-state weights.
#[derive(Debug)]
pub(super) struct InputWeights<E: GemmScalar> {
    packed: InputKernel<E>,
    /// `[4H, C, kx]`, if the backward pass may need the gradient of the input.
    plain: Vec<f32>,
}

/// The weights, packed for one of the algorithms.
#[derive(Clone, Debug)]
enum InputKernel<E: GemmScalar> {
    /// `[1, kx, 4H]` for one channel, `[kx, C, 4H]` for several.
    Direct(Arc<PackedWeights<E>>),
    /// For one channel under a long kernel; `f32` for any `E`, because its products are a small part.
    Fft(Arc<(FftConvPlan, WeightSpectra)>),
    /// For several channels under three taps, in training, where that is faster.
    Winograd(Arc<WinogradInputWeights>),
}

/// A group's padded input beside the weights that it is multiplied by.
#[derive(Debug)]
pub(super) enum GroupInput<E: GemmScalar> {
    /// One channel, `[T, G, L']`: a window is a run of the waveform.
    Wave(Buffer<E>, Arc<PackedWeights<E>>),
    /// One channel under a long kernel: spectra of the time steps `[T, G]`.
    Fft(InputSpectra, Arc<(FftConvPlan, WeightSpectra)>),
    /// Several channels, `[T, L', G, C]`: a tap is a shift by whole rows.
    Channels(Buffer<E>, Arc<PackedWeights<E>>),
    /// The same, for Winograd's algorithm.
    Winograd(WinogradInput<E>),
}

/// Scratch memory of [`GroupInput::products`]; boxed, because only Winograd's algorithm needs any.
pub(super) type InputScratch = Option<Box<Convolution>>;

impl<E: GemmScalar> InputWeights<E> {
    pub(super) fn new(shape: &ConvLstmShape, w_x: &[f32], keep: bool) -> Self {
        let (c, taps, n) = (shape.channels, shape.kernel_input, 4 * shape.filters);
        let plan = (c == 1)
            .then(|| FftConvPlan::if_faster(taps, shape.stride, shape.positions(), n))
            .flatten();
        let packed = if let Some(plan) = plan {
            let mut taps_first = Buffer::recycled(w_x.len());
            transpose(w_x, taps, &mut taps_first); // [kx, 4H]
            let weights = plan.weight_spectra(&taps_first);
            InputKernel::Fft(Arc::new((plan, weights)))
        } else if c == 1 {
            let weights = PackedWeights::pack([1, taps, n], w_x, [0, 1, taps]);
            InputKernel::Direct(Arc::new(weights))
        } else if keep && shape.input_trains_by_winograd() {
            InputKernel::Winograd(Arc::new(WinogradInputWeights::new([c, n], w_x)))
        } else {
            let weights = PackedWeights::pack([taps, c, n], w_x, [1, taps, c * taps]);
            InputKernel::Direct(Arc::new(weights))
        };
        Self { packed, plain: if keep { w_x.to_vec() } else { Vec::new() } }
    }

    /// The transposed weights for the gradient of the input.
    fn transposed(&self, shape: &ConvLstmShape) -> PackedWeights<E> {
        let (c, taps, n) = (shape.channels, shape.kernel_input, 4 * shape.filters);
        if c == 1 {
            return PackedWeights::pack([1, n, taps], &self.plain, [0, taps, 1]);
        }
        let reversed = reverse_taps(&self.plain, taps);
        PackedWeights::pack([taps, n, c], &reversed, [1, c * taps, taps])
    }
}

/// Copies time steps `[G, T, L]` between their zeros, `[T, G, L']`.
fn pad_waves<E: GemmScalar>(shape: &ConvLstmShape, size: usize, x: &[f32]) -> Buffer<E> {
    let ConvLstmShape { time, length, .. } = *shape;
    let (padded, left) = (shape.padded_length(), shape.input_padding() / 2);
    rows_between_zeros(size * time * padded, x, length, |step| {
        let (g, t) = (step / time, step % time);
        (t * size + g) * padded + left
    })
}

/// Copies time steps `[G, T, L, C]` between their zeros, `[T, L', G, C]`.
fn pad_channels<E: GemmScalar>(shape: &ConvLstmShape, size: usize, x: &[f32]) -> Buffer<E> {
    let ConvLstmShape { time, channels, length, .. } = *shape;
    let (padded, left) = (shape.padded_length(), shape.input_padding() / 2);
    rows_between_zeros(size * time * padded * channels, x, channels, |row| {
        let (step, l) = (row / length, row % length);
        let (g, t) = (step / time, step % time);
        ((t * padded + left + l) * size + g) * channels
    })
}

impl<E: GemmScalar> GroupInput<E> {
    /// Copies the group's part of `x` `[G, T, L, C]` into the layout that its weights need.
    pub(super) fn pack(
        shape: &ConvLstmShape,
        weights: &InputWeights<E>,
        size: usize,
        x: &[f32],
    ) -> Self {
        match weights.packed.clone() {
            InputKernel::Fft(fft) => {
                let (waves, padded) = (pad_waves::<f32>(shape, size, x), shape.padded_length());
                let spectra = fft.0.input_spectra(size * shape.time, &waves, |i| i * padded);
                Self::Fft(spectra, fft)
            }
            InputKernel::Direct(weights) if shape.channels == 1 => {
                Self::Wave(pad_waves(shape, size, x), weights)
            }
            InputKernel::Direct(weights) => Self::Channels(pad_channels(shape, size, x), weights),
            InputKernel::Winograd(weights) => {
                Self::Winograd(WinogradInput::new(pad_channels(shape, size, x), weights))
            }
        }
    }

    /// Scratch memory for any number of [`GroupInput::products`] calls.
    pub(super) fn scratch(&self, layout: &Layout) -> InputScratch {
        match self {
            Self::Winograd(input) => Some(Box::new(input.scratch(layout))),
            _ => None,
        }
    }

    /// `w_x * x_t` of the steps `time`, `[time, P, G, 4H]`.
    pub(super) fn products(
        &self,
        shape: &ConvLstmShape,
        layout: &Layout,
        time: Range<usize>,
        scratch: &mut InputScratch,
        pre: &mut [f32],
    ) {
        let (size, n, step) = (layout.size, layout.width(), layout.pre_len());
        match self {
            Self::Fft(spectra, fft) => {
                let (plan, weights) = &**fft;
                let first = time.start * size;
                let at = |i: usize| (i - first) / size * step + (i - first) % size * n;
                plan.convolve(weights, spectra, first..time.end * size, pre, size * n, at);
            }
            Self::Wave(waves, weights) => {
                for (t, pre) in time.zip(pre.chunks_exact_mut(step)) {
                    for g in 0..size {
                        gemm_nn(GemmArgs {
                            a: wave_windows(shape, waves, t * size + g),
                            tap_stride: 0,
                            weights,
                            out: &mut pre[g * n..],
                            out_stride: size * n,
                            mode: OutputMode::Overwrite,
                        });
                    }
                }
            }
            Self::Winograd(input) => {
                let scratch = scratch.as_mut().expect("made by `scratch`");
                input.products(shape, layout, time, scratch, pre);
            }
            Self::Channels(input, weights) => {
                for (t, pre) in time.zip(pre.chunks_exact_mut(step)) {
                    for run in row_runs(shape, layout) {
                        gemm_nn(GemmArgs {
                            a: channel_rows(shape, layout, input, t, &run),
                            tap_stride: size * shape.channels,
                            weights,
                            out: &mut pre[run.output * n..],
                            out_stride: n,
                            mode: OutputMode::Overwrite,
                        });
                    }
                }
            }
        }
    }
}

/// The windows of time step `step`, `[P, kx]`.
fn wave_windows<'a, E>(shape: &ConvLstmShape, waves: &'a [E], step: usize) -> MatrixView<'a, E> {
    let padded = shape.padded_length();
    MatrixView {
        data: &waves[step * padded..][..padded],
        rows: shape.positions(),
        columns: shape.kernel_input,
        stride: shape.stride,
    }
}

/// Rows that one product covers.
struct RowRun {
    /// The first input row, for tap 0.
    input: usize,
    /// The first output row.
    output: usize,
    rows: usize,
}

/// All rows of a step, in the fewest runs with one stride between input rows.
fn row_runs(shape: &ConvLstmShape, layout: &Layout) -> impl Iterator<Item = RowRun> + use<> {
    let (size, stride, positions) = (layout.size, shape.stride, layout.positions);
    let (count, rows) = if stride == 1 { (1, positions * size) } else { (positions, size) };
    (0..count).map(move |p| RowRun { input: p * stride * size, output: p * size, rows })
}

/// The input rows of a run in step `t`, `[rows, C]`.
fn channel_rows<'a, E>(
    shape: &ConvLstmShape,
    layout: &Layout,
    input: &'a [E],
    t: usize,
    run: &RowRun,
) -> MatrixView<'a, E> {
    let step = shape.padded_length() * layout.size * shape.channels;
    let data = &input[t * step..][..step][run.input * shape.channels..];
    MatrixView::contiguous(data, run.rows, shape.channels)
}
