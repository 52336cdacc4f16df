//! A strided convolution of one channel under a long kernel, by the fast Fourier transform: about a tenth
//! of the operations of the direct sum for 400 taps.
//!
//! The convolution `y[p, n] = Σ_k w[k, n] x[p S + k]` with stride `S` is divided into `S` phases,
//! `y[p, n] = Σ_s Σ_j w[j S + s, n] x_s[p + j]` with `x_s[q] = x[q S + s]` (the polyphase
//! decomposition), each a correlation with stride 1 and `J = ceil(kernel / S)` taps. Those are computed
//! in blocks by overlap-save: the first `256 - J + 1` points of a cyclic correlation of 256 points equal
//! those of the linear one.
//!
//! # Packing
//! Columns are transformed 32 at a time: 16 as the real and 16 as the imaginary parts of the lanes of one
//! complex transform. The input is real, `x^[-f] = conj x^[f]`, so its re and im parts at `f` determine
//! both `z^[f]` and `z^[-f]` linearly. For each pair of frequencies the whole convolution is one real
//! product, of rows `[re x^_0 .., im x^_0 ..]` (`2S` deep) with weights of the 64 columns
//! `[z^[f].re, z^[f].im, z^[-f].re, z^[-f].im]` x 16. Frequencies 0 and 128, both of real input, share a
//! pair; their weights are on the diagonal of its matrix.
//!
//! # Error
//! That of single precision: below 2e-6 of the root mean square of the terms, see
//! [`FftConvPlan::convolve`].

mod convolve;
mod fft;
mod input_spectra;
mod product;
mod simd_complex;
mod weight_gradient;

use crate::aligned_buffer::AlignedBuffer;
use fft::{POINTS, Twiddles};

/// Lanes of a transform: the columns in the real (and again in the imaginary) parts of a block.
const LANES: usize = 16;

/// Convolution columns of one block.
const BLOCK: usize = 2 * LANES;

/// Columns of a product: both parts of both frequencies of a pair.
const COLUMNS: usize = 4 * LANES;

/// Pairs of frequencies: `(f, 256 - f)`, and `(0, 128)` as the pair 0.
const PAIRS: usize = POINTS / 2;

/// Rows (blocks of segments) processed together: their spectra of 32 columns, 32 KiB per row, are half of
/// a second-level cache of 1 MiB, and the weights of those columns (`2S` x 32 KiB) are read once for all.
const TILE: usize = 16;

/// Floats from one row's spectra to the next: one frequency more than there are, so that rows start at
/// different offsets of a page and do not compete for the same cache sets and store-buffer entries.
const ROW: usize = (POINTS + 1) * BLOCK;

/// The pair of frequency `f`, and whether `f` is its second.
#[inline(always)]
fn pair_of(f: usize) -> (usize, bool) {
    match f {
        0..PAIRS => (f, false),
        PAIRS => (0, true),
        _ => (POINTS - f, true),
    }
}

/// The frequencies of a pair.
#[inline(always)]
fn frequencies(pair: usize) -> [usize; 2] {
    [pair, if pair == 0 { PAIRS } else { POINTS - pair }]
}

/// The sizes of a convolution and of its blocks, and the twiddle factors of its transforms.
#[derive(Clone, Copy, Debug)]
pub struct FftConvPlan {
    kernel: usize,
    stride: usize,
    positions: usize,
    columns: usize,
    /// Taps of a phase, J.
    taps: usize,
    /// Blocks of a segment.
    blocks: usize,
    /// Positions of a block; the last may have fewer.
    outputs: usize,
    /// Shared by all plans.
    twiddles: &'static Twiddles,
}

/// Spectra of weights, packed for the products: `[blocks of columns, pairs, 2S, 64]`.
#[derive(Debug)]
pub struct WeightSpectra(AlignedBuffer);

/// Spectra of the input of some segments: `[pairs, segments x blocks, 2S]`.
#[derive(Debug)]
pub struct InputSpectra {
    rows: usize,
    data: AlignedBuffer,
}

/// A sum of weight gradients in the layout of [`WeightSpectra`].
#[derive(Debug)]
pub struct WeightGradientSpectra(AlignedBuffer);

impl FftConvPlan {
    /// A plan for `kernel` taps at stride `stride`, `positions` outputs per segment and `columns` output
    /// channels. `None` if a size is 0, the direct sum is estimated to be faster, or a phase has more than
    /// 256 taps.
    ///
    /// The estimate counts multiply-adds of vectors of 16 columns. The direct sum takes one per position
    /// and tap. The FFT takes, per block, `4 · 2 stride` per pair of frequencies and 32 columns, one
    /// transform per 32 columns, and one transform per 16 phases of the input.
    #[must_use]
    pub fn if_faster(
        kernel: usize,
        stride: usize,
        positions: usize,
        columns: usize,
    ) -> Option<Self> {
        /// Cost of a transform. Its 32 butterflies of 160 operations and 256 twiddles of four would be
        /// 6100, but many wait for loads and stores. Measured as the time that the products leave
        /// (AVX-512, Zen 5): 12 700 at stride 10 and 15 300 at stride 1.
        const TRANSFORM: usize = 14_000;
        if kernel == 0 || stride == 0 || positions == 0 || columns == 0 {
            return None;
        }
        let taps = kernel.div_ceil(stride);
        if taps > POINTS {
            return None;
        }
        let blocks = positions.div_ceil(POINTS - taps + 1);
        let product = PAIRS * 4 * 2 * stride;
        let input = stride.div_ceil(LANES) * TRANSFORM;
        let fft = blocks * (input + columns.div_ceil(BLOCK) * (product + TRANSFORM));
        let direct = columns.div_ceil(LANES) * positions * kernel;
        (fft < direct).then(|| Self {
            kernel,
            stride,
            positions,
            columns,
            taps,
            blocks,
            outputs: positions.div_ceil(blocks),
            twiddles: Twiddles::get(),
        })
    }

    /// Samples of a padded segment, `(positions - 1) stride + kernel`.
    #[must_use]
    pub fn padded_length(&self) -> usize {
        (self.positions - 1) * self.stride + self.kernel
    }

    /// Depth of the products: a real and an imaginary part of every phase.
    fn depth(&self) -> usize {
        2 * self.stride
    }

    /// Floats of the packed spectra of 32 columns.
    fn block_len(&self) -> usize {
        PAIRS * self.depth() * COLUMNS
    }

    /// Floats of the packed spectra of all columns.
    fn packed_len(&self) -> usize {
        self.columns.div_ceil(BLOCK) * self.block_len()
    }

    /// Positions of block `block` of a segment.
    fn outputs_of(&self, block: usize) -> std::ops::Range<usize> {
        // If the positions do not divide evenly, trailing blocks may be short or empty.
        let end = ((block + 1) * self.outputs).min(self.positions);
        (block * self.outputs).min(end)..end
    }

    /// A sum of gradients without terms.
    #[must_use]
    pub fn zero_gradient(&self) -> WeightGradientSpectra {
        WeightGradientSpectra(AlignedBuffer::zeros(self.packed_len()))
    }
}
