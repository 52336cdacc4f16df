//! The two products of a pair of frequencies, between spectra of the input and 64 packed columns.
//!
//! They are the general products of [`panel`](crate::panel) in small: as shallow as `2S = 20`, their
//! operands in place and in cache, one register tile after another under one instruction set.

use pulp::Simd;

use super::COLUMNS;

/// Rows of a register tile: 6 x 4 vectors of AVX-512 or NEON leave 8 of 32 registers for operands,
/// 6 x 2 of AVX2 leave 4 of 16.
const TILE: usize = 6;

/// Strided rows within a slice: row `r` starts at `r * stride`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
}

/// Calls `$body` with the constant `R` for each run of at most [`TILE`] of `$count` rows, the runs
/// being as even as they can.
macro_rules! tiles {
    ($count:expr, |$from:ident, $rows:ident| $body:expr) => {{
        let count: usize = $count;
        let tiles = count.div_ceil(TILE);
        for tile in 0..tiles {
            let $from = tile * count / tiles;
            let rows = (tile + 1) * count / tiles - $from;
            macro_rules! with {
                ($r:literal) => {{
                    const $rows: usize = $r;
                    $body
                }};
            }
            match rows {
                1 => with!(1),
                2 => with!(2),
                3 => with!(3),
                4 => with!(4),
                5 => with!(5),
                _ => with!(6),
            }
        }
    }};
}

/// `to[r] = Σ_k x[r, k] w[k]` for `rows` rows of `x` of depth `depth`; rows of `w` (adjacent) and `to`
/// (strided) are [`COLUMNS`] wide.
#[inline(always)]
pub(super) fn apply<S: Simd>(
    simd: S,
    [rows, depth]: [usize; 2],
    x: Rows<'_>,
    w: &[f32],
    to: &mut [f32],
    to_stride: usize,
) {
    tiles!(rows, |from, R| {
        let x = Rows { data: &x.data[from * x.stride..], stride: x.stride };
        let to = &mut to[from * to_stride..];
        if S::REGISTER_COUNT >= 32 {
            apply_tile::<S, R, 4>(simd, depth, x, w, to, to_stride);
        } else {
            apply_tile::<S, R, 2>(simd, depth, x, w, to, to_stride);
        }
    });
}

#[inline(always)]
fn apply_tile<S: Simd, const R: usize, const V: usize>(
    simd: S,
    depth: usize,
    x: Rows<'_>,
    w: &[f32],
    to: &mut [f32],
    to_stride: usize,
) {
    let width = COLUMNS / S::F32_LANES;
    let w = S::as_simd_f32s(&w[..depth * COLUMNS]).0;
    let mut rows = [x.data; R];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = &x.data[r * x.stride..][..depth];
    }
    let mut v = 0;
    while v < width {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for (k, w) in w.chunks_exact(width).enumerate() {
            let w = &w[v..v + V];
            for r in 0..R {
                let x = simd.splat_f32s(rows[r][k]);
                for c in 0..V {
                    sums[r][c] = simd.mul_add_e_f32s(x, w[c], sums[r][c]);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let to = S::as_mut_simd_f32s(&mut to[r * to_stride..][..COLUMNS]).0;
            to[v..v + V].copy_from_slice(sums);
        }
        v += V;
    }
}

/// `grad[k] += Σ_r x[r, k] d[r]` for `rows` rows; rows of `d` (strided) and `grad` (adjacent) are
/// [`COLUMNS`] wide.
#[inline(always)]
pub(super) fn accumulate<S: Simd>(
    simd: S,
    [rows, depth]: [usize; 2],
    x: Rows<'_>,
    d: Rows<'_>,
    grad: &mut [f32],
) {
    tiles!(depth, |from, R| {
        let grad = &mut grad[from * COLUMNS..][..R * COLUMNS];
        if S::REGISTER_COUNT >= 32 {
            accumulate_tile::<S, R, 4>(simd, rows, from, x, d, grad);
        } else {
            accumulate_tile::<S, R, 2>(simd, rows, from, x, d, grad);
        }
    });
}

#[inline(always)]
fn accumulate_tile<S: Simd, const R: usize, const V: usize>(
    simd: S,
    rows: usize,
    from: usize,
    x: Rows<'_>,
    d: Rows<'_>,
    grad: &mut [f32],
) {
    let width = COLUMNS / S::F32_LANES;
    let grad = S::as_mut_simd_f32s(grad).0;
    let mut v = 0;
    while v < width {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for (k, sums) in sums.iter_mut().enumerate() {
            sums.copy_from_slice(&grad[k * width + v..][..V]);
        }
        for row in 0..rows {
            let x = &x.data[row * x.stride + from..][..R];
            let d = &S::as_simd_f32s(&d.data[row * d.stride..][..COLUMNS]).0[v..v + V];
            for r in 0..R {
                let x = simd.splat_f32s(x[r]);
                for c in 0..V {
                    sums[r][c] = simd.mul_add_e_f32s(x, d[c], sums[r][c]);
                }
            }
        }
        for (k, sums) in sums.iter().enumerate() {
            grad[k * width + v..][..V].copy_from_slice(sums);
        }
        v += V;
    }
}
