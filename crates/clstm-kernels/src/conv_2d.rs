//! A convolution over time and length, channels innermost, forward and backward.
//!
//! ```text
//! y[t, l, n] = Σ_i Σ_j Σ_c w[i, j, c, n] x[t S + i - before_T, l + j - before_L, c]
//! ```
//!
//! with zeros outside the utterance ("same" padding along both axes) and a stride `S` in time alone: the
//! length is shortened by pooling.
//!
//! # How it is fast
//! An utterance is copied once between its zeros, the time steps sorted by their phase `t mod S`. A tap
//! in time is then one product over all rows of the utterance, at whatever stride: rows follow each
//! other by one position, so that the window of all taps along the length is one run of memory. The
//! `kernel_length - 1` rows at the seams between time steps are computed and thrown away.

use half::bf16;
use rayon::prelude::*;

use crate::activation::vectorized;
use crate::gemm::{self, ConvTaps, GemmScalar, MatrixView, OutputMode, PackedWeights};
use crate::{Buffer, Precision, threads};

/// Sizes of one convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dShape {
    /// Utterances, B.
    pub batch: usize,
    /// Time steps of the input, T.
    pub time: usize,
    /// Positions, L.
    pub length: usize,
    /// Channels of the input, C.
    pub channels: usize,
    /// Channels of the output, H.
    pub filters: usize,
    /// Taps in time.
    pub kernel_time: usize,
    /// Taps along the length.
    pub kernel_length: usize,
    /// Time steps from one output to the next.
    pub stride_time: usize,
    /// Operands of the products.
    pub precision: Precision,
}

impl Conv2dShape {
    /// Time steps of the output, `ceil(T / stride)`.
    ///
    /// # Panics
    /// If the stride is 0.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.time.div_ceil(self.stride_time)
    }

    /// Floats of the weights `[kernel_time, kernel_length, C, H]`.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.kernel_time * self.window() * self.filters
    }

    /// Elements of a window along the length.
    fn window(&self) -> usize {
        self.kernel_length * self.channels
    }

    /// Positions with their padding.
    fn padded_length(&self) -> usize {
        self.length + self.kernel_length - 1
    }

    /// Rows of a product: one a position, those at the seams too.
    fn rows(&self) -> usize {
        self.steps() * self.padded_length()
    }

    /// Time steps of each phase of a padded utterance: a tap reads `steps` of them from its own on.
    fn phase_steps(&self) -> usize {
        self.steps() + (self.kernel_time - 1) / self.stride_time
    }

    /// Elements of a padded utterance `[stride, phase_steps, L', C]`, with what the windows of the last
    /// seam read beyond it.
    fn padded(&self) -> usize {
        self.stride_time * self.phase_steps() * self.padded_length() * self.channels
            + (self.kernel_length - 1) * self.channels
    }

    /// Where the step that lies at `t` of the padded utterance begins.
    fn step_at(&self, t: usize) -> usize {
        let (phase, step) = (t % self.stride_time, t / self.stride_time);
        (phase * self.phase_steps() + step) * self.padded_length() * self.channels
    }

    /// Zero steps before the first: "same" padding, the smaller half before.
    fn before(&self) -> usize {
        let covered = (self.steps() - 1) * self.stride_time + self.kernel_time;
        covered.saturating_sub(self.time) / 2
    }

    fn input(&self) -> usize {
        self.time * self.length * self.channels
    }

    fn output(&self) -> usize {
        self.steps() * self.length * self.filters
    }

    fn check(&self, x: &[f32], w: &[f32], y: &[f32]) {
        let sizes = [self.time, self.length, self.channels, self.filters];
        let kernel = [self.kernel_time, self.kernel_length, self.stride_time];
        assert!(
            sizes.into_iter().chain(kernel).all(|size| size > 0),
            "conv_2d: every size must be positive: {self:?}"
        );
        assert_eq!(x.len(), self.batch * self.input(), "conv_2d: x is [B, T, L, C]");
        assert_eq!(w.len(), self.weights(), "conv_2d: weights are [kT, kL, C, H]");
        assert_eq!(y.len(), self.batch * self.output(), "conv_2d: y is [B, T', L, H]");
    }
}

/// The convolution of `x` `[B, T, L, C]` with `w` `[kT, kL, C, H]` into `y` `[B, ceil(T / S), L, H]`.
///
/// # Panics
/// If a size is 0 or a slice does not have the length that the shape says.
pub fn forward(shape: &Conv2dShape, x: &[f32], w: &[f32], y: &mut [f32]) {
    shape.check(x, w, y);
    PreparedConv2d::new(shape, w).forward(shape, x, y);
}

/// Gradients of [`forward`]: that of the weights is returned, that of the input written to `dx` where
/// it is wanted.
///
/// Sums over utterances are taken in their order: the result does not depend on the number of threads.
///
/// # Panics
/// As [`forward`].
#[must_use]
pub fn backward(
    shape: &Conv2dShape,
    x: &[f32],
    w: &[f32],
    dy: &[f32],
    dx: Option<&mut [f32]>,
) -> Vec<f32> {
    shape.check(x, w, dy);
    match shape.precision {
        Precision::F32 => backward_in::<f32>(shape, x, w, dy, dx),
        Precision::Bf16 => backward_in::<bf16>(shape, x, w, dy, dx),
    }
}

/// Weights packed for [`PreparedConv2d::forward`], once for all.
#[derive(Debug)]
pub struct PreparedConv2d(Operands);

#[derive(Debug)]
enum Operands {
    F32(Weights<f32>),
    Bf16(Weights<bf16>),
}

impl PreparedConv2d {
    /// Packs `w` `[kT, kL, C, H]` for products in the precision of `shape`.
    ///
    /// # Panics
    /// If `w` does not have that many elements.
    #[must_use]
    pub fn new(shape: &Conv2dShape, w: &[f32]) -> Self {
        Self(match shape.precision {
            Precision::F32 => Operands::F32(Weights::new(shape, w)),
            Precision::Bf16 => Operands::Bf16(Weights::new(shape, w)),
        })
    }

    /// [`forward`] with these weights, for any batch and time.
    ///
    /// # Panics
    /// If a slice does not have the length that the shape says, or other weights were packed.
    pub fn forward(&self, shape: &Conv2dShape, x: &[f32], y: &mut [f32]) {
        match &self.0 {
            Operands::F32(weights) => weights.forward(shape, x, y),
            Operands::Bf16(weights) => weights.forward(shape, x, y),
        }
    }
}

/// Weights for the products of a precision.
#[derive(Debug)]
struct Weights<E: GemmScalar> {
    /// One `[kL * C, H]` a tap in time.
    taps: Vec<PackedWeights<E>>,
}

impl<E: GemmScalar> Weights<E> {
    fn new(shape: &Conv2dShape, w: &[f32]) -> Self {
        let (window, h) = (shape.window(), shape.filters);
        assert_eq!(w.len(), shape.weights(), "conv_2d: weights are [kT, kL, C, H]");
        let pack = |tap: &[f32]| PackedWeights::pack([1, window, h], tap, [0, h, 1]);
        Self { taps: w.chunks_exact(window * h).map(pack).collect() }
    }

    fn forward(&self, shape: &Conv2dShape, x: &[f32], y: &mut [f32]) {
        let (padded, h) = (shape.padded_length(), shape.filters);
        let outputs = y.par_chunks_exact_mut(shape.output());
        threads::for_each(x.par_chunks_exact(shape.input()).zip(outputs), |(x, y)| {
            let input = pad::<E>(shape, x);
            let mut rows = Buffer::recycled(shape.rows() * h); // [T', L', H]
            for (tap, weights) in self.taps.iter().enumerate() {
                let a = MatrixView { data: &input[shape.step_at(tap)..], stride: shape.channels };
                let into = if tap == 0 { OutputMode::Overwrite } else { OutputMode::Accumulate };
                gemm::gemm_nn(shape.rows(), a, 0, weights, &mut rows, h, into);
            }
            let real = shape.length * h;
            for (y, rows) in y.chunks_exact_mut(real).zip(rows.chunks_exact(padded * h)) {
                y.copy_from_slice(&rows[..real]);
            }
        });
    }
}

/// An utterance `[T, L, C]` between its zeros, see [`Conv2dShape::padded`].
fn pad<E: GemmScalar>(shape: &Conv2dShape, x: &[f32]) -> Buffer<E> {
    let (step, before) = (shape.length * shape.channels, shape.before());
    let left = (shape.kernel_length - 1) / 2 * shape.channels;
    let mut input = Buffer::zeros(shape.padded());
    vectorized(
        #[inline(always)]
        || {
            for (t, x) in x.chunks_exact(step).enumerate() {
                let to = &mut input[shape.step_at(before + t) + left..][..step];
                to.iter_mut().zip(x).for_each(|(to, x)| *to = E::from_f32(*x));
            }
        },
    );
    input
}

/// The output's gradient `[T', L, H]`, `kL - 1` zero rows before, between and after the steps:
/// `[kL - 1 + T' L', H]`.
fn spread<E: GemmScalar>(shape: &Conv2dShape, dy: &[f32]) -> Buffer<E> {
    let (h, zeros) = (shape.filters, shape.kernel_length - 1);
    let mut rows = Buffer::zeros((zeros + shape.rows()) * h);
    vectorized(
        #[inline(always)]
        || {
            let steps = rows[zeros * h..].chunks_exact_mut(shape.padded_length() * h);
            for (to, dy) in steps.zip(dy.chunks_exact(shape.length * h)) {
                to.iter_mut().zip(dy).for_each(|(to, dy)| *to = E::from_f32(*dy));
            }
        },
    );
    rows
}

/// Utterances whose weight gradients one task sums: enough to make up for a sum of its own, and few
/// enough for a batch of 16 to keep several threads busy.
const TOGETHER: usize = 4;

fn backward_in<E: GemmScalar>(
    shape: &Conv2dShape,
    x: &[f32],
    w: &[f32],
    dy: &[f32],
    mut dx: Option<&mut [f32]>,
) -> Vec<f32> {
    let back = dx.is_some().then(|| InputTaps::<E>::new(shape, w));
    let inputs: Vec<Option<&mut [f32]>> = match &mut dx {
        Some(dx) => dx.chunks_mut(TOGETHER * shape.input()).map(Some).collect(),
        None => (0..shape.batch.div_ceil(TOGETHER)).map(|_| None).collect(),
    };
    let tasks =
        x.par_chunks(TOGETHER * shape.input()).zip(dy.par_chunks(TOGETHER * shape.output()));
    let sums: Vec<Buffer> = tasks
        .zip(inputs)
        .map(|((x, dy), mut dx)| {
            let mut gradient = Buffer::zeros(shape.weights());
            let utterances =
                x.chunks_exact(shape.input()).zip(dy.chunks_exact(shape.output())).enumerate();
            for (i, (x, dy)) in utterances {
                let d = spread::<E>(shape, dy);
                add_weight_gradient(shape, &pad::<E>(shape, x), &d, &mut gradient);
                if let (Some(dx), Some(back)) = (&mut dx, &back) {
                    back.apply(shape, &d, &mut dx[i * shape.input()..][..shape.input()]);
                }
            }
            gradient
        })
        .collect();
    let mut gradient = vec![0.0; shape.weights()];
    for sum in sums {
        gradient.iter_mut().zip(&sum[..]).for_each(|(to, sum)| *to += sum);
    }
    gradient
}

fn add_weight_gradient<E: GemmScalar>(
    shape: &Conv2dShape,
    input: &[E],
    d: &[E],
    gradient: &mut [f32],
) {
    let (window, h) = (shape.window(), shape.filters);
    // Rows of a seam meet zeros.
    let d = MatrixView { data: &d[(shape.kernel_length - 1) * h..], stride: h };
    for (tap, gradient) in gradient.chunks_exact_mut(window * h).enumerate() {
        let a = MatrixView { data: &input[shape.step_at(tap)..], stride: shape.channels };
        gemm::gemm_tn(shape.rows(), a, ConvTaps::ONE, d, [window, h], gradient);
    }
}

/// Weights for the input's gradient.
struct InputTaps<E: GemmScalar> {
    /// One `[kL * H, C]` a tap in time, the taps along the length reversed.
    taps: Vec<PackedWeights<E>>,
}

impl<E: GemmScalar> InputTaps<E> {
    fn new(shape: &Conv2dShape, w: &[f32]) -> Self {
        let (h, c, taps) = (shape.filters, shape.channels, shape.kernel_length);
        let mut reversed = Buffer::recycled(shape.window() * h);
        let pack = |tap: &[f32]| {
            // `[kL, C, H]` to `[kL reversed, H, C]`.
            for (j, to) in reversed.chunks_exact_mut(h * c).enumerate() {
                let from = &tap[(taps - 1 - j) * c * h..][..c * h];
                for (n, to) in to.chunks_exact_mut(c).enumerate() {
                    to.iter_mut().enumerate().for_each(|(k, to)| *to = from[k * h + n]);
                }
            }
            PackedWeights::pack([1, taps * h, c], &reversed, [0, c, 1])
        };
        Self { taps: w.chunks_exact(shape.window() * h).map(pack).collect() }
    }

    /// From the spread gradient of an utterance's output to that of its input `[T, L, C]`.
    fn apply(&self, shape: &Conv2dShape, d: &[E], dx: &mut [f32]) {
        let (c, before) = (shape.channels, shape.before());
        let left = (shape.kernel_length - 1) / 2 * c;
        let a = MatrixView { data: d, stride: shape.filters };
        let mut padded = Buffer::zeros(shape.padded());
        for (tap, weights) in self.taps.iter().enumerate() {
            let to = &mut padded[shape.step_at(tap)..];
            gemm::gemm_nn(shape.rows(), a, 0, weights, to, c, OutputMode::Accumulate);
        }
        let step = shape.length * c;
        for (t, dx) in dx.chunks_exact_mut(step).enumerate() {
            dx.copy_from_slice(&padded[shape.step_at(before + t) + left..][..step]);
        }
    }
}
