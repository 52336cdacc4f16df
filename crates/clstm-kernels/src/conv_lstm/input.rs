//! The input-to-state convolution of a group and its gradients.

use std::ops::Range;
use std::sync::Arc;

use super::ConvLstmShape;
use super::group::{Layout, narrow};
use super::state::by_winograd;
use super::weights::{reverse_taps, transpose};
use super::winograd_input::{WinogradInput, WinogradInputWeights};
use crate::Buffer;
use crate::activation::vectorized;
use crate::fft_conv::{self, FftConvPlan, InputSpectra};
use crate::gemm::{self, ConvTaps, GemmScalar, MatrixView, OutputMode, PackedWeights};

/// Input-to-state weights.
#[derive(Debug)]
pub(super) struct InputWeights<E: GemmScalar> {
    packed: PackedInput<E>,
    /// `[4H, C, kx]`, where the backward pass may ask for the input's gradient.
    plain: Vec<f32>,
}

#[derive(Clone, Debug)]
enum PackedInput<E: GemmScalar> {
    /// `[1, kx, 4H]` for one channel, `[kx, C, 4H]` for several.
    PackedWeights(Arc<PackedWeights<E>>),
    /// For one channel under a long kernel; `f32` whatever `E`, for its products are a small part.
    Spectra(Arc<(FftConvPlan, fft_conv::WeightSpectra)>),
    /// For several channels under three taps, in training, where that is faster.
    Winograd(Arc<WinogradInputWeights>),
}

/// A group's padded input beside the weights that it is multiplied by.
#[derive(Debug)]
pub(super) enum GroupInput<E: GemmScalar> {
    /// One channel, `[T, G, L']`: a window is a run of the waveform.
    Wave(Buffer<E>, Arc<PackedWeights<E>>),
    /// One channel under a long kernel: spectra of the segments `[T, G]`.
    Spectra(InputSpectra, Arc<(FftConvPlan, fft_conv::WeightSpectra)>),
    /// Several channels, `[T, L', G, C]`: a tap is a shift by whole rows.
    Channels(Buffer<E>, Arc<PackedWeights<E>>),
    /// The same by tiles.
    Winograd(WinogradInput<E>),
}

/// Gives the gradients of the raw pre-activations, step by step.
pub(super) trait RawGradients<E: GemmScalar> {
    /// Those of step `t`, `[P, G, 4H]`.
    fn elements(&mut self, t: usize) -> &[E];

    /// The same as floats.
    fn floats(&mut self, t: usize) -> &[f32];
}

impl<E: GemmScalar> InputWeights<E> {
    pub(super) fn new(shape: &ConvLstmShape, w_x: &[f32], keep: bool) -> Self {
        let (c, taps, n) = (shape.channels, shape.kernel_input, 4 * shape.filters);
        let plan =
            (c == 1).then(|| FftConvPlan::if_faster(taps, shape.stride, shape.positions(), n));
        let packed = match plan.flatten() {
            Some(plan) => {
                let mut taps_first = Buffer::recycled(w_x.len());
                transpose(w_x, taps, &mut taps_first); // [kx, 4H]
                let weights = plan.weight_spectra(&taps_first);
                PackedInput::Spectra(Arc::new((plan, weights)))
            }
            None if c == 1 => PackedInput::PackedWeights(Arc::new(PackedWeights::pack(
                [1, taps, n],
                w_x,
                [0, 1, taps],
            ))),
            None if keep
                && shape.stride == 1
                && by_winograd::<E>(taps, shape.positions(), [c, n]) =>
            {
                PackedInput::Winograd(Arc::new(WinogradInputWeights::new([c, n], w_x)))
            }
            None => PackedInput::PackedWeights(Arc::new(PackedWeights::pack(
                [taps, c, n],
                w_x,
                [1, taps, c * taps],
            ))),
        };
        Self { packed, plain: if keep { w_x.to_vec() } else { Vec::new() } }
    }

    /// The transposed weights for [`InputGradient`].
    fn transposed(&self, shape: &ConvLstmShape) -> PackedWeights<E> {
        let (c, taps, n) = (shape.channels, shape.kernel_input, 4 * shape.filters);
        if c == 1 {
            return PackedWeights::pack([1, n, taps], &self.plain, [0, taps, 1]);
        }
        let reversed = reverse_taps(&self.plain, taps);
        PackedWeights::pack([taps, n, c], &reversed, [1, c * taps, taps])
    }
}

/// Copies segments `[G, T, L]` between their zero paddings, `[T, G, L']`.
fn pad_waves<E: GemmScalar>(shape: &ConvLstmShape, size: usize, x: &[f32]) -> Buffer<E> {
    let ConvLstmShape { time, length, .. } = *shape;
    let (padded, left) = (shape.padded_length(), shape.input_padding() / 2);
    let mut waves = Buffer::zeros(size * time * padded);
    vectorized(
        #[inline(always)]
        || {
            for (segment, from) in x.chunks_exact(length).enumerate() {
                let (g, t) = (segment / time, segment % time);
                let at = (t * size + g) * padded + left;
                narrow(from, &mut waves[at..at + length]);
            }
        },
    );
    waves
}

/// Copies segments `[G, T, L, C]` between their zero paddings, `[T, L', G, C]`.
fn pad_channels<E: GemmScalar>(shape: &ConvLstmShape, size: usize, x: &[f32]) -> Buffer<E> {
    let ConvLstmShape { time, channels, length, .. } = *shape;
    let (padded, left) = (shape.padded_length(), shape.input_padding() / 2);
    let mut input = Buffer::zeros(size * time * padded * channels);
    vectorized(
        #[inline(always)]
        || {
            for (segment, from) in x.chunks_exact(length * channels).enumerate() {
                let (g, t) = (segment / time, segment % time);
                for (l, from) in from.chunks_exact(channels).enumerate() {
                    let at = ((t * padded + left + l) * size + g) * channels;
                    narrow(from, &mut input[at..at + channels]);
                }
            }
        },
    );
    input
}

impl<E: GemmScalar> GroupInput<E> {
    /// Takes the group's part of `x` `[G, T, L, C]` as its weights want it.
    pub(super) fn pack(
        shape: &ConvLstmShape,
        weights: &InputWeights<E>,
        size: usize,
        x: &[f32],
    ) -> Self {
        match weights.packed.clone() {
            PackedInput::Spectra(spectral) => {
                let (waves, padded) = (pad_waves::<f32>(shape, size, x), shape.padded_length());
                let spectra = spectral.0.input_spectra(size * shape.time, &waves, |i| i * padded);
                Self::Spectra(spectra, spectral)
            }
            PackedInput::PackedWeights(panels) if shape.channels == 1 => {
                Self::Wave(pad_waves(shape, size, x), panels)
            }
            PackedInput::PackedWeights(panels) => {
                Self::Channels(pad_channels(shape, size, x), panels)
            }
            PackedInput::Winograd(weights) => {
                Self::Winograd(WinogradInput::new(pad_channels(shape, size, x), weights))
            }
        }
    }

    /// `w_x * x_t` of the steps `time`, `[time, P, G, 4H]`.
    pub(super) fn products(
        &self,
        shape: &ConvLstmShape,
        layout: &Layout,
        time: Range<usize>,
        pre: &mut [f32],
    ) {
        let (size, n, step) = (layout.size, layout.width(), layout.pre_len());
        match self {
            Self::Spectra(spectra, spectral) => {
                let (plan, weights) = &**spectral;
                let first = time.start * size;
                let at = |i: usize| (i - first) / size * step + (i - first) % size * n;
                plan.convolve(weights, spectra, first..time.end * size, pre, size * n, at);
            }
            Self::Wave(waves, panels) => {
                for (t, pre) in time.zip(pre.chunks_exact_mut(step)) {
                    for g in 0..size {
                        let a = wave_windows(shape, waves, t * size + g);
                        let to = &mut pre[g * n..];
                        gemm::gemm_nn(
                            layout.positions,
                            a,
                            0,
                            panels,
                            to,
                            size * n,
                            OutputMode::Overwrite,
                        );
                    }
                }
            }
            Self::Winograd(input) => input.products(shape, layout, time, pre),
            Self::Channels(input, panels) => {
                let tap = size * shape.channels;
                for (t, pre) in time.zip(pre.chunks_exact_mut(step)) {
                    for (from, to, rows) in runs(shape, layout) {
                        let a = channel_rows(shape, layout, input, t, from);
                        gemm::gemm_nn(
                            rows,
                            a,
                            tap,
                            panels,
                            &mut pre[to * n..],
                            n,
                            OutputMode::Overwrite,
                        );
                    }
                }
            }
        }
    }

    /// The gradient of `w_x`, `[kx, C, 4H]`; that of the input, `[G, T, L, C]`, goes where it is wanted.
    pub(super) fn gradients(
        &self,
        shape: &ConvLstmShape,
        layout: &Layout,
        weights: &InputWeights<E>,
        raw: &mut impl RawGradients<E>,
        dx: Option<&mut [f32]>,
    ) -> Buffer {
        let (size, n) = (layout.size, layout.width());
        if let Self::Winograd(input) = self {
            return input.gradients(shape, layout, raw, dx);
        }
        let mut input = dx.map(|dx| InputGradient::new(shape, layout, weights, dx));
        if let Self::Spectra(spectra, spectral) = self {
            let plan = &spectral.0;
            let mut gradient = plan.zero_gradient();
            for t in 0..shape.time {
                let (d, segments) = (raw.floats(t), t * size..(t + 1) * size);
                plan.accumulate_gradient(
                    spectra,
                    segments,
                    d,
                    size * n,
                    |i| i % size * n,
                    &mut gradient,
                );
                if let Some(input) = &mut input {
                    input.step(shape, layout, t, raw.elements(t));
                }
            }
            return plan.weight_gradient(&gradient);
        }
        let mut gradient = Buffer::zeros(shape.kernel_input * shape.channels * n);
        for t in 0..shape.time {
            let d = raw.elements(t);
            self.add_weight_gradient(shape, layout, t, d, &mut gradient);
            if let Some(input) = &mut input {
                input.step(shape, layout, t, d);
            }
        }
        gradient
    }

    /// Adds the gradient of `w_x` that step `t` with pre-activation gradients `d` `[P, G, 4H]` gives.
    fn add_weight_gradient(
        &self,
        shape: &ConvLstmShape,
        layout: &Layout,
        t: usize,
        d: &[E],
        gradient: &mut [f32],
    ) {
        let (size, n, taps) = (layout.size, layout.width(), shape.kernel_input);
        match self {
            Self::Wave(waves, _) => {
                for g in 0..size {
                    let a = wave_windows(shape, waves, t * size + g);
                    let d = MatrixView { data: &d[g * n..], stride: size * n };
                    gemm::gemm_tn(layout.positions, a, ConvTaps::ONE, d, [taps, n], gradient);
                }
            }
            Self::Channels(input, _) => {
                let taps = ConvTaps { count: taps, stride: size * shape.channels };
                for (from, to, rows) in runs(shape, layout) {
                    let a = channel_rows(shape, layout, input, t, from);
                    let d = MatrixView { data: &d[to * n..], stride: n };
                    gemm::gemm_tn(rows, a, taps, d, [shape.channels, n], gradient);
                }
            }
            Self::Spectra(..) | Self::Winograd(_) => {}
        }
    }
}

/// The windows of segment `segment`, one a position.
fn wave_windows<'a, E>(shape: &ConvLstmShape, waves: &'a [E], segment: usize) -> MatrixView<'a, E> {
    let padded = shape.padded_length();
    MatrixView { data: &waves[segment * padded..][..padded], stride: shape.stride }
}

/// The rows of step `t` from row `from` on.
fn channel_rows<'a, E>(
    shape: &ConvLstmShape,
    layout: &Layout,
    input: &'a [E],
    t: usize,
    from: usize,
) -> MatrixView<'a, E> {
    let step = shape.padded_length() * layout.size * shape.channels;
    let data = &input[t * step..][..step];
    MatrixView { data: &data[from * shape.channels..], stride: shape.channels }
}

/// Runs of rows that one product covers: `(first input row, first output row, rows)` for tap 0.
fn runs(
    shape: &ConvLstmShape,
    layout: &Layout,
) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
    let (size, stride, positions) = (layout.size, shape.stride, layout.positions);
    let (count, rows) = if stride == 1 { (1, positions * size) } else { (positions, size) };
    (0..count).map(move |p| (p * stride * size, p * size, rows))
}

/// The gradient of a group's input, and scratch for one step of it.
#[derive(Debug)]
struct InputGradient<'a, E: GemmScalar> {
    /// `[G, T, L, C]`
    dx: &'a mut [f32],
    /// [`InputWeights::transposed`].
    weights: PackedWeights<E>,
    /// The windows' gradients `[P, kx]` and a padded segment; or rows `[L, G, C]`.
    floats: Buffer,
    /// Gradients of the pre-activations, spread by the stride and padded: `[L + kx - 1, G, 4H]`.
    spread: Buffer<E>,
}

impl<'a, E: GemmScalar> InputGradient<'a, E> {
    fn new(
        shape: &ConvLstmShape,
        layout: &Layout,
        weights: &InputWeights<E>,
        dx: &'a mut [f32],
    ) -> Self {
        let (size, taps) = (layout.size, shape.kernel_input);
        let (floats, spread) = if shape.channels == 1 {
            (layout.positions * taps + shape.padded_length(), 0)
        } else {
            let rows = (shape.length + taps - 1) * size;
            (shape.length * size * shape.channels, rows * layout.width())
        };
        Self {
            dx,
            weights: weights.transposed(shape),
            floats: Buffer::recycled(floats),
            spread: Buffer::zeros(spread),
        }
    }

    /// Step `t`, whose pre-activations have the gradient `d` `[P, G, 4H]`.
    fn step(&mut self, shape: &ConvLstmShape, layout: &Layout, t: usize, d: &[E]) {
        if shape.channels == 1 {
            self.wave(shape, layout, t, d);
        } else {
            self.channels(shape, layout, t, d);
        }
    }

    fn wave(&mut self, shape: &ConvLstmShape, layout: &Layout, t: usize, d: &[E]) {
        let ConvLstmShape { kernel_input: taps, stride, length, time, .. } = *shape;
        let (size, n, positions) = (layout.size, layout.width(), layout.positions);
        let left = shape.input_padding() / 2;
        let (windows, segment) = self.floats.split_at_mut(positions * taps);
        for g in 0..size {
            let a = MatrixView { data: &d[g * n..], stride: size * n };
            gemm::gemm_nn(positions, a, 0, &self.weights, windows, taps, OutputMode::Overwrite);
            segment.fill(0.0);
            for (p, window) in windows.chunks_exact(taps).enumerate() {
                let to = &mut segment[p * stride..][..taps];
                to.iter_mut().zip(window).for_each(|(to, w)| *to += w);
            }
            let to = &mut self.dx[(g * time + t) * length..][..length];
            to.copy_from_slice(&segment[left..][..length]);
        }
    }

    fn channels(&mut self, shape: &ConvLstmShape, layout: &Layout, t: usize, d: &[E]) {
        let ConvLstmShape { kernel_input: taps, stride, length, channels, .. } = *shape;
        let (size, n) = (layout.size, layout.width());
        let before = taps - 1 - shape.input_padding() / 2;
        for (p, rows) in d.chunks_exact(size * n).enumerate() {
            let at = (before + p * stride) * size * n;
            self.spread[at..at + size * n].copy_from_slice(rows);
        }
        let a = MatrixView { data: &self.spread[..], stride: n };
        let rows = &mut self.floats[..];
        gemm::gemm_nn(
            length * size,
            a,
            size * n,
            &self.weights,
            rows,
            channels,
            OutputMode::Overwrite,
        );
        unpack_rows(shape, size, t, rows, self.dx);
    }
}

/// Rows `[L, G, C]` of step `t` to their places in `[G, T, L, C]`.
pub(super) fn unpack_rows(
    shape: &ConvLstmShape,
    size: usize,
    t: usize,
    rows: &[f32],
    to: &mut [f32],
) {
    let ConvLstmShape { time, length, channels, .. } = *shape;
    for (row, from) in rows.chunks_exact(channels).enumerate() {
        let (l, g) = (row / size, row % size);
        to[((g * time + t) * length + l) * channels..][..channels].copy_from_slice(from);
    }
}

/// Gradients of the weights `[kx, C, 4H]` back to `[4H, C, kx]`.
pub(super) fn unpack_gradient(shape: &ConvLstmShape, gradient: &[f32]) -> Vec<f32> {
    if shape.channels == 1 {
        let mut weights = vec![0.0; gradient.len()];
        transpose(gradient, 4 * shape.filters, &mut weights);
        return weights;
    }
    super::weights::taps_last(gradient, shape.channels, shape.kernel_input)
}
