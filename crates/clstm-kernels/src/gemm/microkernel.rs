//! The one loop that multiplies: a few rows times a few vectors of columns, summed in registers.

use std::marker::PhantomData;

use super::isa::{Isa, Task};

/// Where a tile's operands lie and where its sums go. Distances in `a` are in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// The word of row 0, term 0, tap 0.
    pub(super) a: *const u8,
    /// From one row's words to the next row's; four where the terms are not adjacent.
    pub(super) a_row: usize,
    /// From one term's word to the next term's; four where the rows are not adjacent.
    pub(super) a_term: usize,
    /// From one tap's words to the next tap's.
    pub(super) a_tap: usize,
    /// Taps.
    pub(super) taps: usize,
    /// Whole words of a tap.
    pub(super) words: usize,
    /// Whether half a word follows them, an odd `bf16`.
    pub(super) tail: bool,
    /// The packed panel, a row of vectors for each word.
    pub(super) b: *const u32,
    /// The first sum.
    pub(super) to: *mut f32,
    /// Sums from one row to the next.
    pub(super) to_stride: usize,
    /// Whether to add to what is there.
    pub(super) add: bool,
}

/// A tile of a given height and width, compiled for an instruction set.
///
/// # Safety
/// The processor has the set, and every address that the [`Tile`] describes may be read or written.
pub(super) type MicroKernel = unsafe fn(&Tile);

/// Which index of `a` runs through adjacent words.
pub(super) trait LhsOrder {
    /// Bytes from row to row and from term to term.
    fn strides(tile: &Tile) -> [usize; 2];
}

/// Terms: rows of activations as they lie.
pub(super) struct RowMajor;
/// Rows: the transpose.
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

/// How many words ahead of its use a panel is fetched. A full tile spends 12 cycles on a word (24
/// multiply-adds, two a cycle): eight words outlast the third-level cache's answer of 50 to 90 cycles.
const AHEAD: usize = 8;

/// Words of a cache line.
const LINE: usize = 16;

struct Multiply<'a, I, A, const R: usize, const V: usize>(&'a Tile, PhantomData<(I, A)>);

impl<I: Isa, A: LhsOrder, const R: usize, const V: usize> Task for Multiply<'_, I, A, R, V> {
    #[inline(always)]
    fn run(self) {
        let tile = self.0;
        let [row, term] = A::strides(tile);
        // SAFETY: whoever calls a `MicroKernel` vouches for the set and the addresses. All sums of a
        // tile, whatever its size, run through taps and words in the same order.
        unsafe {
            let mut sums = [[I::zero(); V]; R];
            for i in 0..R {
                for line in 0..(V * I::LANES).div_ceil(LINE) {
                    prefetch(tile.to.wrapping_add(i * tile.to_stride + line * LINE).cast());
                }
            }
            let mut b = tile.b;
            for tap in 0..tile.taps {
                let mut a = tile.a.add(tap * tile.a_tap);
                for _ in 0..tile.words {
                    for line in 0..(V * I::LANES).div_ceil(LINE) {
                        prefetch(b.wrapping_add(AHEAD * V * I::LANES + line * LINE));
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
            // Two loops without a branch inside, which unroll: the sums then never leave their
            // registers.
            if tile.add {
                for (i, sums) in sums.iter().enumerate() {
                    for (v, sum) in sums.iter().enumerate() {
                        let to = tile.to.add(i * tile.to_stride + v * I::LANES);
                        I::store(to, I::add(I::load(to.cast()), *sum));
                    }
                }
            } else {
                for (i, sums) in sums.iter().enumerate() {
                    for (v, sum) in sums.iter().enumerate() {
                        I::store(tile.to.add(i * tile.to_stride + v * I::LANES), *sum);
                    }
                }
            }
        }
    }
}

/// A word whose first half in memory is `half` and whose second is zero.
#[inline(always)]
fn first_half(half: u16) -> u32 {
    let [x, y] = half.to_ne_bytes();
    u32::from_ne_bytes([x, y, 0, 0])
}

/// Asks for a cache line that may never be needed; any address will do.
#[inline(always)]
fn prefetch(at: *const u32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of the architecture, and a prefetch never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// Adds the products of one word of each row with the panel's row of words.
#[inline(always)]
unsafe fn step<I: Isa, const R: usize, const V: usize>(
    a: impl Fn(usize) -> u32,
    b: *const u32,
    sums: &mut [[I::Words; V]; R],
) {
    // SAFETY: the caller vouches for the set and for `V` vectors at `b`.
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

/// Sums of the largest tile: 24 vectors of 16.
const MOST_SUMS: usize = 24 * 16;

/// Runs a tile of `[rows, vectors]` of which only `width` columns exist, as many as `columns` or fewer.
///
/// # Safety
/// As for `kernel`, but that `to` need not hold the columns that do not exist.
pub(super) unsafe fn run(
    kernel: MicroKernel,
    tile: &Tile,
    rows: usize,
    width: usize,
    columns: usize,
) {
    if width == columns {
        // SAFETY: the caller's.
        return unsafe { kernel(tile) };
    }
    let mut sums = [0.0; MOST_SUMS];
    let edge_tile = Tile { to: sums.as_mut_ptr(), to_stride: columns, add: false, ..*tile };
    // SAFETY: the caller's; `sums` holds all sums of any tile.
    unsafe { kernel(&edge_tile) };
    for (i, sums) in sums.chunks_exact(columns).enumerate().take(rows) {
        // SAFETY: the caller vouches for the columns that exist, which nothing else sees.
        let to = unsafe { std::slice::from_raw_parts_mut(tile.to.add(i * tile.to_stride), width) };
        if tile.add {
            to.iter_mut().zip(sums).for_each(|(to, sum)| *to += sum);
        } else {
            to.copy_from_slice(&sums[..width]);
        }
    }
}

/// A [`MicroKernel`].
unsafe fn kernel<I: Isa, A: LhsOrder, const R: usize, const V: usize>(tile: &Tile) {
    const { assert!(R * V * I::LANES <= MOST_SUMS) };
    // SAFETY: the caller vouches for the set and the addresses.
    unsafe { I::enter(Multiply::<I, A, R, V>(tile, PhantomData)) }
}

/// The tiles that fit a register file.
pub(super) trait TileShapes {
    /// Vectors of the widest tile.
    const VECTORS: usize;
    /// Rows of the highest tile `vectors` wide.
    fn height(vectors: usize) -> usize;
    /// The tile of `rows` by `vectors`.
    fn kernel<I: Isa, A: LhsOrder>(rows: usize, vectors: usize) -> MicroKernel;
}

/// 32 registers: 6 x 4 sums beside four vectors of the panel and a word of the rows, and more rows
/// for the fewer columns that are left over. Of the shapes with 24 sums 6 x 4 loads least.
pub(super) struct Regs32;
/// 16 registers: 6 x 2 sums.
pub(super) struct Regs16;

macro_rules! grid {
    ($grid:ty, widest: $widest:literal, $($vectors:literal: [$($rows:literal)*] $height:literal;)*) => {
        impl TileShapes for $grid {
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

grid!(Regs32, widest: 4,
    1: [1 2 3 4 5 6 7 8 9 10 11 12] 12;
    2: [1 2 3 4 5 6 7 8 9 10 11 12] 12;
    3: [1 2 3 4 5 6 7 8] 8;
    4: [1 2 3 4 5 6] 6;
);
grid!(Regs16, widest: 2,
    1: [1 2 3 4 5 6] 6;
    2: [1 2 3 4 5 6] 6;
);
