//! The two products of a pair of frequencies, between spectra of the input and 64 packed columns.
//!
//! Unlike those of [`gemm`](crate::gemm) they are as shallow as `2S = 20`, and their operands are in place
//! and in cache: packing or a call per tile would cost more than the product.

use pulp::Simd;

use super::{BLOCK, COLUMNS, ROW};

/// Rows of a register tile: 6 x 4 vectors of AVX-512 or NEON leave 8 of 32 registers for operands,
/// 6 x 2 of AVX2 leave 4 of 16.
const TILE: usize = 6;

/// Calls `$body` with the constant `R` for each run of at most [`TILE`] of `$count` rows; the runs have
/// nearly equal lengths.
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

/// Vectors `v .. v + V` of a row of spectra, 32 columns at each of two slots.
#[inline(always)]
fn vector<S: Simd>(v: usize, slots: [usize; 2]) -> usize {
    let column = v * S::F32_LANES;
    if column < BLOCK { slots[0] + column } else { slots[1] + column - BLOCK }
}

/// `to[r] = Σ_k x[r, k] w[k]` for `rows` rows of `x` of depth `depth`, `w` being [`COLUMNS`] wide; half
/// of the columns of row `r` of `to` lie at each of `r * ROW + slots`.
#[inline(always)]
pub(super) fn apply<S: Simd>(
    simd: S,
    [rows, depth]: [usize; 2],
    x: &[f32],
    w: &[f32],
    to: &mut [f32],
    slots: [usize; 2],
) {
    tiles!(rows, |from, R| {
        let x = &x[from * depth..];
        let to = &mut to[from * ROW..];
        if S::REGISTER_COUNT >= 32 {
            apply_tile::<S, R, 4>(simd, depth, x, w, to, slots);
        } else {
            apply_tile::<S, R, 2>(simd, depth, x, w, to, slots);
        }
    });
}

#[inline(always)]
fn apply_tile<S: Simd, const R: usize, const V: usize>(
    simd: S,
    depth: usize,
    x: &[f32],
    w: &[f32],
    to: &mut [f32],
    slots: [usize; 2],
) {
    let width = COLUMNS / S::F32_LANES;
    let w = S::as_simd_f32s(&w[..depth * COLUMNS]).0;
    let mut rows = [x; R];
    for (r, row) in rows.iter_mut().enumerate() {
        *row = &x[r * depth..][..depth];
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
            for (c, sum) in sums.iter().enumerate() {
                S::as_mut_simd_f32s(&mut to[r * ROW + vector::<S>(v + c, slots)..]).0[0] = *sum;
            }
        }
        v += V;
    }
}

/// `grad[k] += Σ_r x[r, k] d[r]` for `rows` rows of `x` of depth `depth`, `grad` being [`COLUMNS`] wide;
/// half of the columns of row `r` of `d` lie at each of `r * ROW + slots`.
#[inline(always)]
pub(super) fn accumulate<S: Simd>(
    simd: S,
    [rows, depth]: [usize; 2],
    x: &[f32],
    d: &[f32],
    slots: [usize; 2],
    grad: &mut [f32],
) {
    tiles!(depth, |from, R| {
        let x = x.chunks_exact(depth).take(rows);
        let grad = &mut grad[from * COLUMNS..][..R * COLUMNS];
        if S::REGISTER_COUNT >= 32 {
            accumulate_tile::<S, R, 4>(simd, from, x, d, slots, grad);
        } else {
            accumulate_tile::<S, R, 2>(simd, from, x, d, slots, grad);
        }
    });
}

#[inline(always)]
fn accumulate_tile<'a, S: Simd, const R: usize, const V: usize>(
    simd: S,
    from: usize,
    x: impl Iterator<Item = &'a [f32]> + Clone,
    d: &[f32],
    slots: [usize; 2],
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
        for (x, d) in x.clone().zip(d.chunks_exact(ROW)) {
            let x = &x[from..][..R];
            let mut columns = [simd.splat_f32s(0.0); V];
            for (c, column) in columns.iter_mut().enumerate() {
                *column = S::as_simd_f32s(&d[vector::<S>(v + c, slots)..]).0[0];
            }
            for r in 0..R {
                let x = simd.splat_f32s(x[r]);
                for c in 0..V {
                    sums[r][c] = simd.mul_add_e_f32s(x, columns[c], sums[r][c]);
                }
            }
        }
        for (k, sums) in sums.iter().enumerate() {
            grad[k * width + v..][..V].copy_from_slice(sums);
        }
        v += V;
    }
}
