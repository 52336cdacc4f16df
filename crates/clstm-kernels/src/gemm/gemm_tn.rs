//! The gradient of weights.

use super::bounds::assert_in_bounds;
use super::instruction_set::{InstructionSet, MicroKernels};
use super::microkernel::{Tile, WORD, run};
use super::tiling::{panels, runs};
use super::{ConvTaps, GemmScalar, MatrixView};
use crate::activation::vectorized;
use crate::aligned_buffer::AlignedBuffer;

/// Words of the sum, rows or pairs of rows, that one pass takes: enough to make up for reading and
/// writing the gradient once a pass (64 cache-line accesses against 256 x 24 multiply-adds), and few
/// enough for a panel of `d` (64 KiB) and what it meets of `a` to stay in the second-level cache.
const PASS: usize = 256;

/// See [`super::gemm_tn`].
pub(super) fn gemm_tn<E: GemmScalar>(
    set: InstructionSet,
    rows: usize,
    a: MatrixView<'_, E>,
    taps: ConvTaps,
    d: MatrixView<'_, E>,
    [depth, columns]: [usize; 2],
    grad: &mut [f32],
) {
    assert_in_bounds("a", a.data.len(), [(rows, a.stride), (taps.count, taps.stride), (depth, 1)]);
    assert_in_bounds("d", d.data.len(), [(rows, d.stride), (columns, 1)]);
    let sizes = [(taps.count, depth.saturating_mul(columns)), (depth, columns), (columns, 1)];
    assert_in_bounds("the gradient", grad.len(), sizes);
    if rows == 0 || taps.count == 0 || depth == 0 || columns == 0 {
        return;
    }
    let tiles = set.tiles(E::PRECISION);
    let longest = runs(rows.div_ceil(E::PER_WORD), PASS).map(|(_, words)| words).max().unwrap_or(0);
    let mut panel = AlignedBuffer::<u32>::recycled(longest * tiles.vectors * tiles.lanes);
    // Pairs of rows are words only once they are interleaved, tap by tap because the rows of a tap
    // may begin with the second of another tap's pair; an `f32` is a word where it lies.
    let mut pairs =
        (E::PER_WORD > 1).then(|| AlignedBuffer::<u32>::recycled(longest * taps.count * depth));
    for (word, words) in runs(rows.div_ceil(E::PER_WORD), PASS) {
        let row = word * E::PER_WORD;
        let rows = (words * E::PER_WORD).min(rows - row);
        let a = MatrixView { data: &a.data[row * a.stride..], stride: a.stride };
        let d = MatrixView { data: &d.data[row * d.stride..], stride: d.stride };
        let operand = if let Some(pairs) = &mut pairs {
            for (tap, to) in pairs.chunks_exact_mut(longest * depth).enumerate() {
                let a = MatrixView { data: &a.data[tap * taps.stride..], stride: a.stride };
                pack(rows, a, depth, to, depth);
            }
            let tap = longest * depth * WORD;
            Operand { data: pairs.as_ptr().cast(), term: depth * WORD, tap }
        } else {
            let [term, tap] = [a.stride, taps.stride].map(|stride| stride * size_of::<E>());
            Operand { data: a.data.as_ptr().cast(), term, tap }
        };
        let operand = Block { operand, words, taps: taps.count, depth };
        for (first, width, vectors) in panels(&tiles, columns) {
            let padded = vectors * tiles.lanes;
            let d = MatrixView { data: &d.data[first..], stride: d.stride };
            pack(rows, d, width, &mut panel, padded);
            // SAFETY: `MicroKernels` are of this processor. The operand's words are those of `pairs`, packed
            // just now, or the elements of `a`, which the check above keeps inside; the panel holds
            // `words` rows of `vectors` vectors, and the gradient every tap, row and column.
            unsafe { block(&tiles, &operand, &panel, vectors, width, &mut grad[first..], columns) };
        }
    }
}

/// Where the words of activations lie; distances in bytes. Those of adjacent depths are adjacent.
struct Operand {
    data: *const u8,
    /// From one word of the sum to the next.
    term: usize,
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
/// The processor has the tiles' set; the operand may be read, the panel holds `words` rows of
/// `vectors` vectors and `grad` every tap and depth of `width` columns.
unsafe fn block(
    tiles: &MicroKernels,
    a: &Block,
    panel: &[u32],
    vectors: usize,
    width: usize,
    grad: &mut [f32],
    columns: usize,
) {
    for tap in 0..a.taps {
        for (k, height) in runs(a.depth, (tiles.height)(vectors)) {
            let tile = Tile {
                a: a.operand.data.wrapping_add(tap * a.operand.tap + k * WORD),
                a_row: WORD,
                a_term: a.operand.term,
                a_tap: 0,
                taps: 1,
                words: a.words,
                tail: false,
                b: panel.as_ptr(),
                to: grad[(tap * a.depth + k) * columns..].as_mut_ptr(),
                to_stride: columns,
                add: true,
            };
            let kernel = (tiles.tn)(height, vectors);
            // SAFETY: see above.
            unsafe { run(kernel, &tile, height, width, vectors * tiles.lanes) };
        }
    }
}

/// Packs the first `width` elements of `rows` rows, word by word of the sum, `stride` words apart;
/// zeros fill the last word and the columns up to the stride.
fn pack<E: GemmScalar>(
    rows: usize,
    from: MatrixView<'_, E>,
    width: usize,
    to: &mut [u32],
    stride: usize,
) {
    vectorized(
        #[inline(always)]
        || {
            let zeros = [E::default(); CHUNK];
            let row = |r: usize| &from.data[r * from.stride..][..width];
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

/// Elements of a cache line of words.
const CHUNK: usize = 16;

/// The words of two rows' neighbours, in chunks of a length that the compiler knows.
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
        // By value: were they references, what is written might change what is read.
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
