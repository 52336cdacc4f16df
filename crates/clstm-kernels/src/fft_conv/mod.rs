//! A strided convolution of one long channel by its Fourier transform: about ten times fewer
//! operations than the direct sum for a kernel of 400 taps.
//!
//! The convolution `y[p, n] = Σ_k w[k, n] x[p S + k]` with stride `S` falls into `S` phases,
//! `y[p, n] = Σ_s Σ_j w[j S + s, n] x_s[p + j]` with `x_s[q] = x[q S + s]` (the polyphase
//! decomposition), each a correlation with stride 1 and `J = ceil(kernel / S)` taps. Those are taken
//! in blocks by overlap-save: of a cyclic correlation of 256 points the first `256 - J + 1` are also
//! the linear one's.
//!
//! # Packing
//! Columns are taken 32 at a time: 16 as the real and 16 as the imaginary parts of the lanes of one
//! complex transform. The input is real, `x^[-f] = conj x^[f]`, so that its re and im parts at `f` give
//! both `z^[f]` and `z^[-f]` linearly: per pair of frequencies the whole convolution is one real
//! product, of rows `[re x^_0 .., im x^_0 ..]` (`2S` deep) with weights of the 64 columns
//! `[z^[f].re, z^[f].im, z^[-f].re, z^[-f].im]` x 16. Frequencies 0 and 128, both of real input, share a
//! pair: their weights stand on the diagonal of its matrix.
//!
//! # Error
//! Of single precision: below 2e-6 of the root mean square of what is summed, see [`FftConvPlan::convolve`].

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

/// Rows (blocks of segments) worked on together: their spectra of 32 columns, 32 KB a row, are half
/// of a second-level cache of 1 MB, and the weights of those columns (`2S` x 32 KB) are read once for
/// all of them.
const TILE: usize = 16;

/// Floats from one row's spectra to the next: one frequency more than there are, so that rows do not
/// lie at the same place of every page, where caches and store buffers take them for one another.
const ROW: usize = (POINTS + 1) * BLOCK;

/// The pair that frequency `f` belongs to, and whether as its second.
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

/// A plan: the sizes of a convolution and what its transforms share.
#[derive(Clone, Debug)]
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
    twiddles: Twiddles,
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

/// A sum of weight gradients, laid out as [`WeightSpectra`] are.
#[derive(Debug)]
pub struct WeightGradientSpectra(AlignedBuffer);

impl FftConvPlan {
    /// A plan for a kernel of `kernel` taps at stride `stride`, `positions` outputs a segment and
    /// `columns` output channels; `None` where the direct sum is cheaper, or for more than 256 taps a
    /// phase.
    ///
    /// Counted are multiply-adds of vectors of 16 columns: the direct sum takes one per position and
    /// tap, the spectral way per block `4 · 2 stride` per pair of frequencies and 32 columns, besides
    /// one transform there and one for each 16 phases of the input.
    #[must_use]
    pub fn if_faster(
        kernel: usize,
        stride: usize,
        positions: usize,
        columns: usize,
    ) -> Option<Self> {
        /// What a transform takes. Its 32 butterflies of 160 operations and 256 twiddles of four would
        /// be 6100, but much of them waits for loads and stores. Measured (AVX-512, Zen 5) by what the
        /// products leave of the time: 12 700 at stride 10 and 15 300 at stride 1.
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
        let spectral = blocks * (input + columns.div_ceil(BLOCK) * (product + TRANSFORM));
        let direct = columns.div_ceil(LANES) * positions * kernel;
        (spectral < direct).then(|| Self {
            kernel,
            stride,
            positions,
            columns,
            taps,
            blocks,
            outputs: positions.div_ceil(blocks),
            twiddles: Twiddles::new(),
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
        // Where positions do not divide, trailing blocks may be empty: 10 positions in 4 blocks of 3.
        let end = ((block + 1) * self.outputs).min(self.positions);
        (block * self.outputs).min(end)..end
    }

    /// An empty sum of gradients.
    #[must_use]
    pub fn zero_gradient(&self) -> WeightGradientSpectra {
        WeightGradientSpectra(AlignedBuffer::zeros(self.packed_len()))
    }
}
