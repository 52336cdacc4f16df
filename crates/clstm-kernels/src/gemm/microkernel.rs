//! The micro-kernel: a few rows times a few vectors of columns, summed in registers.

use std::marker::PhantomData;

use super::isa::{Isa, Task};
use crate::simd::prefetch_read;

/// Where a tile's operands lie and where its sums go. Distances in `a` are in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// The word of row 0, term 0, tap 0.
    pub(super) a: *const u8,
    /// From one row's words to the next row's; read by row-major kernels only.
    pub(super) a_row: usize,
    /// From one term's word to the next term's; read by column-major kernels only.
    pub(super) a_term: usize,
    /// From one tap's words to the next tap's.
    pub(super) a_tap: usize,
    /// Taps.
    pub(super) taps: usize,
    /// Whole words of a tap.
    pub(super) words: usize,
    /// Whether half a word follows them: an odd `bf16`.
    pub(super) tail: bool,
    /// The packed panel, one row of vectors for each word.
    pub(super) panel: *const u32,
    /// The first sum.
    pub(super) out: *mut f32,
    /// Sums from one row to the next.
    pub(super) out_stride: usize,
    /// Whether to add to the output instead of replacing it.
    pub(super) accumulate: bool,
}

/// A kernel for tiles of a fixed height and width, compiled for an instruction set.
///
/// # Safety
/// The processor has the instruction set. Every word of `a`, every vector of `panel` and every sum of
/// `out` that the [`Tile`] and the kernel's height and width describe may be read, and written in
/// `out`.
pub(super) type MicroKernel = unsafe fn(&Tile);

/// Storage order of the left operand: which of its indices runs through adjacent words.
pub(super) trait LhsOrder {
    /// Bytes from row to row and from term to term.
    fn strides(tile: &Tile) -> [usize; 2];
}

/// Adjacent words are terms of one row: activations as they lie.
pub(super) struct RowMajor;
/// Adjacent words are rows of one term: transposed activations.
pub(super) struct ColMajor;

/// Bytes of a word.
pub(super) const WORD: usize = 4;

impl LhsOrder for RowMajor {
    #[inline(always)]
    fn strides(tile: &Tile) -> [usize; 2] {
        [tile.a_row, WORD]
    }
}

impl LhsOrder for ColMajor {
    #[inline(always)]
    fn strides(tile: &Tile) -> [usize; 2] {
        [WORD, tile.a_term]
    }
}

/// How many words before its use a panel is prefetched. A full tile spends 12 cycles on a word (24
/// multiply-adds, two a cycle), so eight words cover the third-level cache's latency of 50 to 90 cycles.
const AHEAD: usize = 8;

/// Words of a cache line.
const LINE: usize = 16;

struct Multiply<'a, I, A, const R: usize, const V: usize>(&'a Tile, PhantomData<(I, A)>);

impl<I: Isa, A: LhsOrder, const R: usize, const V: usize> Task for Multiply<'_, I, A, R, V> {
    #[inline(always)]
    fn run(self) {
        let tile = self.0;
        let [row, term] = A::strides(tile);
        // SAFETY: `Multiply` is made in `kernel` alone, whose caller promises the instruction set and
        // the addresses, and runs inside `I::enter`. Reads of `a` stay below `taps`, `words` and `R`;
        // reads of the panel advance by one row of `V` vectors per word; writes stay below `R` rows of
        // `V` vectors. All tiles, of any size, sum taps and words in the same order.
        unsafe {
            let mut sums = [[I::zero(); V]; R];
            for i in 0..R {
                for line in 0..(V * I::LANES).div_ceil(LINE) {
                    prefetch_read(tile.out.wrapping_add(i * tile.out_stride + line * LINE));
                }
            }
            let mut b = tile.panel;
            for tap in 0..tile.taps {
                let mut a = tile.a.add(tap * tile.a_tap);
                for _ in 0..tile.words {
                    for line in 0..(V * I::LANES).div_ceil(LINE) {
                        prefetch_read(b.wrapping_add(AHEAD * V * I::LANES + line * LINE));
                    }
                    step::<I, R, V>(
                        |i| a.add(i * row).cast::<u32>().read_unaligned(),
                        b,
                        &mut sums,
                    );
                    // Wrapping: after the last word it may point far past the operand.
                    a = a.wrapping_add(term);
                    b = b.add(V * I::LANES);
                }
                if tile.tail {
                    step::<I, R, V>(
                        |i| first_half(a.add(i * row).cast::<u16>().read_unaligned()),
                        b,
                        &mut sums,
                    );
                    b = b.add(V * I::LANES);
                }
            }
            // Two loops without a branch inside unroll, so that the sums never leave their registers.
            if tile.accumulate {
                for (i, sums) in sums.iter().enumerate() {
                    for (v, sum) in sums.iter().enumerate() {
                        let out = tile.out.add(i * tile.out_stride + v * I::LANES);
                        I::store(out, I::add(I::load(out.cast()), *sum));
                    }
                }
            } else {
                for (i, sums) in sums.iter().enumerate() {
                    for (v, sum) in sums.iter().enumerate() {
                        I::store(tile.out.add(i * tile.out_stride + v * I::LANES), *sum);
                    }
                }
            }
        }
    }
}

/// A word whose first half in memory is `half` and whose second half is zero.
#[inline(always)]
fn first_half(half: u16) -> u32 {
    let [x, y] = half.to_ne_bytes();
    u32::from_ne_bytes([x, y, 0, 0])
}

/// Adds the products of one word of each row with one row of the panel.
///
/// # Safety
/// Runs inside [`Isa::enter`]; `V` vectors at `b` may be read.
#[inline(always)]
unsafe fn step<I: Isa, const R: usize, const V: usize>(
    a: impl Fn(usize) -> u32,
    b: *const u32,
    sums: &mut [[I::Words; V]; R],
) {
    // SAFETY: the caller promises the instruction set and `V` vectors of `LANES` words at `b`.
    unsafe {
        for part in 0..I::PARTS {
            let mut columns = [I::zero(); V];
            for (v, columns) in columns.iter_mut().enumerate() {
                *columns = I::part(I::load(b.add(v * I::LANES)), part);
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = I::part(I::splat(a(i)), part);
                for (sum, b) in sums.iter_mut().zip(columns) {
                    *sum = I::mul_add(a, b, *sum);
                }
            }
        }
    }
}

/// Sums of the largest tile: 24 vectors of 16 lanes.
const MAX_SUMS: usize = 24 * 16;

/// Runs a tile of `[rows, columns]` of which only the first `width` columns exist.
///
/// # Safety
/// As for `kernel`, except that `out` need not hold the columns that do not exist; nothing else
/// reads or writes those that do.
pub(super) unsafe fn run_tile(
    kernel: MicroKernel,
    tile: &Tile,
    rows: usize,
    width: usize,
    columns: usize,
) {
    if width == columns {
        // SAFETY: the caller promises what the kernel needs, and every column exists.
        return unsafe { kernel(tile) };
    }
    let mut sums = [0.0; MAX_SUMS];
    let edge_tile =
        Tile { out: sums.as_mut_ptr(), out_stride: columns, accumulate: false, ..*tile };
    // SAFETY: the caller promises the operands; the output is `sums`, which holds all sums of any
    // tile (asserted at compile time in `kernel`).
    unsafe { kernel(&edge_tile) };
    for (i, sums) in sums.chunks_exact(columns).enumerate().take(rows) {
        // SAFETY: the caller promises the existing columns of every row, `out_stride` apart, and
        // that nothing else refers to them.
        let out =
            unsafe { std::slice::from_raw_parts_mut(tile.out.add(i * tile.out_stride), width) };
        if tile.accumulate {
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
        } else {
            out.copy_from_slice(&sums[..width]);
        }
    }
}

/// The [`MicroKernel`] of `R` rows by `V` vectors.
unsafe fn kernel<I: Isa, A: LhsOrder, const R: usize, const V: usize>(tile: &Tile) {
    const { assert!(R * V * I::LANES <= MAX_SUMS) };
    // SAFETY: the caller promises the instruction set; `Multiply` relies on the addresses promised.
    unsafe { I::enter(Multiply::<I, A, R, V>(tile, PhantomData)) }
}

/// The tile shapes that fit a register file.
pub(super) trait TileShapes {
    /// Vectors of the widest tile.
    const VECTORS: usize;
    /// Rows of the highest tile that is `vectors` wide.
    fn height(vectors: usize) -> usize;
    /// The kernel of `rows` by `vectors`.
    fn kernel<I: Isa, A: LhsOrder>(rows: usize, vectors: usize) -> MicroKernel;
}

/// 32 registers: 6 x 4 sums beside four vectors of the panel and a word of the rows, and more rows
/// for narrower remainders. Of the shapes with 24 sums, 6 x 4 loads least.
pub(super) struct Regs32;
/// 16 registers: 6 x 2 sums.
pub(super) struct Regs16;

macro_rules! tile_shapes {
    ($shapes:ty, widest: $widest:literal, $($vectors:literal: [$($rows:literal)*] $height:literal;)*) => {
        impl TileShapes for $shapes {
            const VECTORS: usize = $widest;

            fn height(vectors: usize) -> usize {
                match vectors {
                    $($vectors => $height,)*
                    _ => unreachable!("a tile of {vectors} vectors"),
                }
            }

            fn kernel<I: Isa, A: LhsOrder>(rows: usize, vectors: usize) -> MicroKernel {
                match (rows, vectors) {
                    $($(($rows, $vectors) => kernel::<I, A, $rows, $vectors>,)*)*
                    _ => unreachable!("a tile of {rows} x {vectors}"),
                }
            }
        }
    };
}

tile_shapes!(Regs32, widest: 4,
    1: [1 2 3 4 5 6 7 8 9 10 11 12] 12;
    2: [1 2 3 4 5 6 7 8 9 10 11 12] 12;
    3: [1 2 3 4 5 6 7 8] 8;
    4: [1 2 3 4 5 6] 6;
);
tile_shapes!(Regs16, widest: 2,
    1: [1 2 3 4 5 6] 6;
    2: [1 2 3 4 5 6] 6;
);
