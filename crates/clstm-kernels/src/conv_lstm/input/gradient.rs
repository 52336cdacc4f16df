//! Gradients of the input-to-state convolution.

use super::{GroupInput, InputWeights, channel_rows, row_runs, wave_windows};
use crate::Buffer;
use crate::conv_lstm::ConvLstmShape;
use crate::conv_lstm::group::Layout;
use crate::conv_lstm::weights::{taps_last, transpose};
use crate::gemm::{
    ConvTaps, GemmArgs, GemmScalar, GemmTnArgs, MatrixView, OutputMode, PackedWeights, gemm_nn,
    gemm_tn,
};

/// Provides the gradients of the raw pre-activations, step by step.
///
/// In two formats, because the FFT convolution takes floats for any `E` and the others take `E`.
pub(in crate::conv_lstm) trait RawGradients<E: GemmScalar> {
    /// Those of step `t`, `[P, G, 4H]`.
    fn elements(&mut self, t: usize) -> &[E];

    /// The same as floats.
    fn floats(&mut self, t: usize) -> &[f32];
}

impl<E: GemmScalar> GroupInput<E> {
    /// The gradient of `w_x`, `[kx, C, 4H]`. That of the input is written to `dx` `[G, T, L, C]` if
    /// given.
    pub(in crate::conv_lstm) fn gradients(
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
        if let Self::Fft(spectra, fft) = self {
            let plan = &fft.0;
            let mut gradient = plan.zero_gradient();
            for t in 0..shape.time {
                let (d, steps) = (raw.floats(t), t * size..(t + 1) * size);
                let at = |i: usize| i % size * n;
                plan.accumulate_gradient(spectra, steps, d, size * n, at, &mut gradient);
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

    /// Adds step `t`'s part of the gradient of `w_x`, given the gradients `d` `[P, G, 4H]` of its
    /// pre-activations.
    fn add_weight_gradient(
        &self,
        shape: &ConvLstmShape,
        layout: &Layout,
        t: usize,
        d: &[E],
        grad: &mut [f32],
    ) {
        let (size, n) = (layout.size, layout.width());
        match self {
            Self::Wave(waves, _) => {
                for g in 0..size {
                    gemm_tn(GemmTnArgs {
                        a: wave_windows(shape, waves, t * size + g),
                        taps: ConvTaps::ONE,
                        d: utterance_rows(layout, d, g),
                        grad,
                    });
                }
            }
            Self::Channels(input, _) => {
                for run in row_runs(shape, layout) {
                    gemm_tn(GemmTnArgs {
                        a: channel_rows(shape, layout, input, t, &run),
                        taps: ConvTaps { count: shape.kernel_input, stride: size * shape.channels },
                        d: MatrixView::contiguous(&d[run.output * n..], run.rows, n),
                        grad,
                    });
                }
            }
            Self::Fft(..) | Self::Winograd(_) => {}
        }
    }
}

/// The rows of utterance `g` of a step `[P, G, 4H]`, `[P, 4H]`.
fn utterance_rows<'a, E>(layout: &Layout, d: &'a [E], g: usize) -> MatrixView<'a, E> {
    let n = layout.width();
    MatrixView { data: &d[g * n..], rows: layout.positions, columns: n, stride: layout.size * n }
}

/// The gradient of a group's input, and scratch memory for one step of it.
#[derive(Debug)]
struct InputGradient<'a, E: GemmScalar> {
    /// `[G, T, L, C]`
    dx: &'a mut [f32],
    /// [`InputWeights::transposed`].
    weights: PackedWeights<E>,
    /// One channel: the windows' gradients `[P, kx]` and a padded step. Several: rows `[L, G, C]`.
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
        let left = shape.input_padding() / 2;
        let (windows, step) = self.floats.split_at_mut(layout.positions * taps);
        for g in 0..layout.size {
            gemm_nn(GemmArgs {
                a: utterance_rows(layout, d, g),
                tap_stride: 0,
                weights: &self.weights,
                out: windows,
                out_stride: taps,
                mode: OutputMode::Overwrite,
            });
            step.fill(0.0);
            for (p, window) in windows.chunks_exact(taps).enumerate() {
                let to = &mut step[p * stride..][..taps];
                to.iter_mut().zip(window).for_each(|(to, w)| *to += w);
            }
            let to = &mut self.dx[(g * time + t) * length..][..length];
            to.copy_from_slice(&step[left..][..length]);
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
        gemm_nn(GemmArgs {
            a: MatrixView::contiguous(&self.spread, length * size, n),
            tap_stride: size * n,
            weights: &self.weights,
            out: &mut self.floats,
            out_stride: channels,
            mode: OutputMode::Overwrite,
        });
        unpack_rows(shape, size, t, &self.floats, self.dx);
    }
}

/// Copies rows `[L, G, C]` of step `t` into `[G, T, L, C]`.
pub(in crate::conv_lstm) fn unpack_rows(
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

/// Gradients of the weights `[kx, C, 4H]` as `[4H, C, kx]`.
pub(in crate::conv_lstm) fn unpack_gradient(shape: &ConvLstmShape, gradient: &[f32]) -> Vec<f32> {
    if shape.channels == 1 {
        let mut weights = vec![0.0; gradient.len()];
        transpose(gradient, 4 * shape.filters, &mut weights);
        return weights;
    }
    taps_last(gradient, shape.channels, shape.kernel_input)
}
