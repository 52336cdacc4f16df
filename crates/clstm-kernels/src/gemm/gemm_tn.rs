//! The gradient of weights: a product with the transposed activations.

use super::bounds::assert_in_bounds;
use super::instruction_set::{InstructionSet, MicroKernels};
use super::microkernel::{Tile, WORD, run_tile};
use super::tiling::{even_runs, panels};
use super::{GemmScalar, GemmTnArgs, MatrixView};
use crate::aligned_buffer::AlignedBuffer;
use crate::simd::vectorized;

/// Words of the sum (rows, or pairs of rows) that one pass takes. Enough to outweigh reading and
/// writing the gradient once per pass (64 cache-line accesses against 256 x 24 multiply-adds), and few
/// enough for a panel of `d` (64 KiB) and the matching part of `a` to stay in the second-level cache.
const PASS: usize = 256;

/// `grad[tap, k, n] += Σ_r a[r * a.stride + tap * taps.stride + k] * d[r * d.stride + n]`.
///
/// # Panics
/// If an operand or the gradient is too short, or `a` and `d` differ in rows.
pub fn gemm_tn<E: GemmScalar>(args: GemmTnArgs<'_, E>) {
    gemm_tn_with(InstructionSet::best(), args);
}

/// [`gemm_tn`] with a given instruction set.
///
/// # Panics
/// As [`gemm_tn`], and if the processor does not have the instruction set.
#[doc(hidden)]
pub fn gemm_tn_with<E: GemmScalar>(set: InstructionSet, args: GemmTnArgs<'_, E>) {
    let GemmTnArgs { a, taps, d, grad } = args;
    let (rows, depth, columns) = (a.rows, a.columns, d.columns);
    assert_eq!(d.rows, rows, "gemm_tn: rows of a and d");
    assert_in_bounds("a", a.data.len(), [(rows, a.stride), (taps.count, taps.stride), (depth, 1)]);
    assert_in_bounds("d", d.data.len(), [(rows, d.stride), (columns, 1)]);
    let sizes = [(taps.count, depth.saturating_mul(columns)), (depth, columns), (columns, 1)];
    assert_in_bounds("the gradient", grad.len(), sizes);
    let kernels = set.micro_kernels(E::PRECISION);
    if rows == 0 || taps.count == 0 || depth == 0 || columns == 0 {
        return;
    }
    let total = rows.div_ceil(E::PER_WORD);
    let longest = even_runs(total, PASS).map(|(_, words)| words).max().unwrap_or(0);
    let mut panel = AlignedBuffer::<u32>::recycled(longest * kernels.vectors * kernels.lanes);
    // Pairs of rows are words only once they are interleaved. This is done tap by tap, because the
    // rows of one tap may begin with the second row of another tap's pair. An `f32` is a word already.
    let mut pairs =
        (E::PER_WORD > 1).then(|| AlignedBuffer::<u32>::recycled(longest * taps.count * depth));
    for (word, words) in even_runs(total, PASS) {
        let row = word * E::PER_WORD;
        let rows = (words * E::PER_WORD).min(rows - row);
        let a = MatrixView { data: &a.data[row * a.stride..], rows, ..a };
        let d = MatrixView { data: &d.data[row * d.stride..], rows, ..d };
        let operand = if let Some(pairs) = &mut pairs {
            for (tap, to) in pairs.chunks_exact_mut(longest * depth).enumerate() {
                pack_rows(MatrixView { data: &a.data[tap * taps.stride..], ..a }, to, depth);
            }
            let tap = longest * depth * WORD;
            Operand { data: pairs.as_ptr().cast(), term: depth * WORD, tap }
        } else {
            let [term, tap] = [a.stride, taps.stride].map(|stride| stride * size_of::<E>());
            Operand { data: a.data.as_ptr().cast(), term, tap }
        };
        let block = Block { operand, words, taps: taps.count, depth };
        for (first, width, vectors) in panels(&kernels, columns) {
            let padded = vectors * kernels.lanes;
            let strip = MatrixView { data: &d.data[first..], columns: width, ..d };
            pack_rows(strip, &mut panel, padded);
            // SAFETY: `MicroKernels` exist only for instruction sets of this processor. The operand's
            // words are those of `pairs`, packed just now, or the elements of `a`, which the bounds
            // asserted above keep inside. The panel holds `words` rows of `vectors` vectors, and
            // `grad` holds every tap, row and column.
            unsafe {
                add_block(&kernels, &block, &panel, vectors, width, &mut grad[first..], columns);
            }
        }
    }
}

/// Where the words of the activations lie; distances in bytes. Words of adjacent depths are adjacent.
struct Operand {
    data: *const u8,
    /// From one word of the sum to the next.
    term: usize,
    /// From one tap to the next.
    tap: usize,
}

/// The activations of one pass.
struct Block {
    operand: Operand,
    words: usize,
    taps: usize,
    depth: usize,
}

/// Adds the products of a pass with one panel of `d` to its columns of the gradient.
///
/// # Safety
/// The processor has the instruction set of `kernels`. The operand may be read for every tap, word
/// and depth of the block; the panel holds `words` rows of `vectors` vectors; `grad` holds every tap
/// and depth of `width` columns, rows being `columns` apart.
unsafe fn add_block(
    kernels: &MicroKernels,
    a: &Block,
    panel: &[u32],
    vectors: usize,
    width: usize,
    grad: &mut [f32],
    columns: usize,
) {
    for tap in 0..a.taps {
        for (k, height) in even_runs(a.depth, (kernels.height)(vectors)) {
            let tile = Tile {
                a: a.operand.data.wrapping_add(tap * a.operand.tap + k * WORD),
                a_row: WORD,
                a_term: a.operand.term,
                a_tap: 0,
                taps: 1,
                words: a.words,
                tail: false,
                panel: panel.as_ptr(),
                out: grad[(tap * a.depth + k) * columns..].as_mut_ptr(),
                out_stride: columns,
                accumulate: true,
            };
            let kernel = (kernels.tn)(height, vectors);
            // SAFETY: the caller promises the instruction set and the operands; `k` and `tap` stay
            // below the depth and the taps for which it promises them.
            unsafe { run_tile(kernel, &tile, height, width, vectors * kernels.lanes) };
        }
    }
}

/// Packs the rows of `from` word by word of the sum, words `stride` apart from one word of the sum to
/// the next. Zeros fill an incomplete last word and the columns up to the stride.
fn pack_rows<E: GemmScalar>(from: MatrixView<'_, E>, to: &mut [u32], stride: usize) {
    let MatrixView { data, rows, columns: width, stride: row_stride } = from;
    vectorized(
        #[inline(always)]
        || {
            let zeros = [E::default(); CHUNK];
            let row = |r: usize| &data[r * row_stride..][..width];
            for (word, to) in
                to.chunks_exact_mut(stride).enumerate().take(rows.div_ceil(E::PER_WORD))
            {
                let r = word * E::PER_WORD;
                let (to, padding) = to.split_at_mut(width);
                if E::PER_WORD == 2 && r + 1 < rows {
                    let (first, first_rest) = row(r).as_chunks();
                    let (second, second_rest) = row(r + 1).as_chunks();
                    interleave(first, first_rest, second.iter(), second_rest, to);
                } else {
                    let (first, rest) = row(r).as_chunks();
                    interleave(first, rest, std::iter::repeat(&zeros), &zeros, to);
                }
                if !padding.is_empty() {
                    padding.fill(0);
                }
            }
        },
    );
}

/// Elements per iteration: a cache line of words.
const CHUNK: usize = 16;

/// The words of two neighbouring rows, in chunks of a length known to the compiler.
#[inline(always)]
fn interleave<'a, E: GemmScalar>(
    first: &[[E; CHUNK]],
    first_rest: &[E],
    second: impl Iterator<Item = &'a [E; CHUNK]>,
    second_rest: &[E],
    to: &mut [u32],
) {
    let (to, to_rest) = to.as_chunks_mut::<CHUNK>();
    for ((to, first), second) in to.iter_mut().zip(first).zip(second) {
        // By value: behind references, the compiler would have to assume that writes change the reads.
        let (first, second) = (*first, *second);
        let mut words = [0; CHUNK];
        for (l, word) in words.iter_mut().enumerate() {
            *word = E::word(first[l], second[l]);
        }
        *to = words;
    }
    let rest = first_rest.iter().zip(second_rest);
    to_rest.iter_mut().zip(rest).for_each(|(to, (x, y))| *to = E::word(*x, *y));
}
