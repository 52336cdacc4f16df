//! Gates of one step over a group, forward and backward, in place over the pre-activations.
//!
//! The work goes through fixed-size arrays of [`LANES`] channels so that every intermediate stays in
//! a vector register; channels that are left over go one by one through the same code.

use crate::activation::{sigmoid, tanh, vectorised};

/// Channels handled at once: one AVX-512 register, two of AVX2.
const LANES: usize = 16;

/// Peephole weights `[3, P or 1, H]` of the gates i, f, o.
#[derive(Clone, Copy)]
pub(super) struct Peephole<'a> {
    pub(super) weights: &'a [f32],
    /// `H`, or 0 where all positions share one row.
    pub(super) stride: usize,
}

impl<'a> Peephole<'a> {
    #[inline(always)]
    fn rows(&self, position: usize, h: usize) -> [&'a [f32]; 3] {
        let gate = self.weights.len() / 3;
        let at = position * self.stride;
        [0, 1, 2].map(|k| &self.weights[k * gate + at..][..h])
    }
}

#[inline(always)]
fn load<const N: usize>(from: &[f32], at: usize) -> [f32; N] {
    let mut lanes = [0.0; N];
    lanes.copy_from_slice(&from[at..at + N]);
    lanes
}

#[inline(always)]
fn store<const N: usize>(lanes: [f32; N], to: &mut [f32], at: usize) {
    to[at..at + N].copy_from_slice(&lanes);
}

#[inline(always)]
fn add<const N: usize>(lanes: [f32; N], to: &mut [f32], at: usize) {
    let sum: [f32; N] = load(to, at);
    store(std::array::from_fn::<f32, N, _>(|k| sum[k] + lanes[k]), to, at);
}

/// `gates`: pre-activations `[P, G, 4H]` in, activated i, f, g, o out. `cell_before` and `cell` are
/// `[P, G, H]`, `hidden` the unpadded rows `[P, G, H]` of the new hidden state.
pub(super) fn forward(
    [size, h]: [usize; 2],
    peephole: Peephole<'_>,
    gates: &mut [f32],
    cell_before: &[f32],
    cell: &mut [f32],
    hidden: &mut [f32],
) {
    vectorised(
        #[inline(always)]
        || {
            let rows = gates.chunks_exact_mut(4 * h).zip(cell_before.chunks_exact(h));
            let states = cell.chunks_exact_mut(h).zip(hidden.chunks_exact_mut(h));
            for (row, ((gates, before), (cell, hidden))) in rows.zip(states).enumerate() {
                let weights = peephole.rows(row / size, h);
                let mut at = 0;
                while at + LANES <= h {
                    forward_lanes::<LANES>(h, at, weights, gates, before, cell, hidden);
                    at += LANES;
                }
                while at < h {
                    forward_lanes::<1>(h, at, weights, gates, before, cell, hidden);
                    at += 1;
                }
            }
        },
    );
}

#[inline(always)]
fn forward_lanes<const N: usize>(
    h: usize,
    at: usize,
    weights: [&[f32]; 3],
    gates: &mut [f32],
    before: &[f32],
    cell: &mut [f32],
    hidden: &mut [f32],
) {
    let [wi, wf, wo] = weights.map(|w| load::<N>(w, at));
    let c0: [f32; N] = load(before, at);
    let [i, f, g, o] = [0, 1, 2, 3].map(|k| load::<N>(gates, k * h + at));
    let i: [f32; N] = std::array::from_fn(|k| sigmoid(i[k] + wi[k] * c0[k]));
    let f: [f32; N] = std::array::from_fn(|k| sigmoid(f[k] + wf[k] * c0[k]));
    let g: [f32; N] = std::array::from_fn(|k| tanh(g[k]));
    let c: [f32; N] = std::array::from_fn(|k| f[k] * c0[k] + i[k] * g[k]);
    let o: [f32; N] = std::array::from_fn(|k| sigmoid(o[k] + wo[k] * c[k]));
    let y: [f32; N] = std::array::from_fn(|k| o[k] * tanh(c[k]));
    for (k, gate) in [i, f, g, o].into_iter().enumerate() {
        store(gate, gates, k * h + at);
    }
    store(c, cell, at);
    store(y, hidden, at);
}

/// Running gradients of one group during the backward pass.
pub(super) struct Carry<'a> {
    /// Gradient of the unpadded hidden rows `[P, G, H]`, from the output and from the next step.
    pub(super) hidden: &'a [f32],
    /// Gradient of the cell states `[P, G, H]`; replaced by that of the step before.
    pub(super) cell: &'a mut [f32],
    /// Sum of peephole gradients `[3, P or 1, H]`.
    pub(super) peephole: &'a mut [f32],
    /// Sum of pre-activation gradients `[4H]`.
    pub(super) bias: &'a mut [f32],
}

/// `gates`: activated gates in, gradients of the pre-activations out, both `[P, G, 4H]`.
pub(super) fn backward(
    [size, h]: [usize; 2],
    peephole: Peephole<'_>,
    gates: &mut [f32],
    cell_before: &[f32],
    cell: &[f32],
    carry: Carry<'_>,
) {
    vectorised(
        #[inline(always)]
        || {
            let gate = carry.peephole.len() / 3;
            for (row, gates) in gates.chunks_exact_mut(4 * h).enumerate() {
                let state = Row {
                    h,
                    weights: peephole.rows(row / size, h),
                    before: &cell_before[row * h..][..h],
                    cell: &cell[row * h..][..h],
                    d_hidden: &carry.hidden[row * h..][..h],
                    peephole_at: [0, 1, 2].map(|k| k * gate + row / size * peephole.stride),
                };
                let d_cell = &mut carry.cell[row * h..][..h];
                let mut at = 0;
                while at + LANES <= h {
                    backward_lanes::<LANES>(&state, at, gates, d_cell, carry.peephole, carry.bias);
                    at += LANES;
                }
                while at < h {
                    backward_lanes::<1>(&state, at, gates, d_cell, carry.peephole, carry.bias);
                    at += 1;
                }
            }
        },
    );
}

/// What the backward pass reads of one row.
struct Row<'a> {
    h: usize,
    weights: [&'a [f32]; 3],
    before: &'a [f32],
    cell: &'a [f32],
    d_hidden: &'a [f32],
    /// Where the row's gradients start in the sums `[3, P or 1, H]`.
    peephole_at: [usize; 3],
}

#[inline(always)]
fn backward_lanes<const N: usize>(
    row: &Row<'_>,
    at: usize,
    gates: &mut [f32],
    d_cell: &mut [f32],
    d_peephole: &mut [f32],
    d_bias: &mut [f32],
) {
    let h = row.h;
    let [wi, wf, wo] = row.weights.map(|w| load::<N>(w, at));
    let [i, f, g, o] = [0, 1, 2, 3].map(|k| load::<N>(gates, k * h + at));
    let (c0, c): ([f32; N], [f32; N]) = (load(row.before, at), load(row.cell, at));
    let (dh, dc): ([f32; N], [f32; N]) = (load(row.d_hidden, at), load(d_cell, at));
    let squashed: [f32; N] = std::array::from_fn(|k| tanh(c[k]));
    let d_o: [f32; N] = std::array::from_fn(|k| dh[k] * squashed[k] * o[k] * (1.0 - o[k]));
    let dc: [f32; N] = std::array::from_fn(|k| {
        dc[k] + dh[k] * o[k] * (1.0 - squashed[k] * squashed[k]) + d_o[k] * wo[k]
    });
    let d_i: [f32; N] = std::array::from_fn(|k| dc[k] * g[k] * i[k] * (1.0 - i[k]));
    let d_f: [f32; N] = std::array::from_fn(|k| dc[k] * c0[k] * f[k] * (1.0 - f[k]));
    let d_g: [f32; N] = std::array::from_fn(|k| dc[k] * i[k] * (1.0 - g[k] * g[k]));
    let dc0 = std::array::from_fn::<f32, N, _>(|k| dc[k] * f[k] + d_i[k] * wi[k] + d_f[k] * wf[k]);
    store(dc0, d_cell, at);
    for (k, d) in [d_i, d_f, d_g, d_o].into_iter().enumerate() {
        store(d, gates, k * h + at);
        add(d, d_bias, k * h + at);
    }
    for (k, (d, c)) in [(d_i, c0), (d_f, c0), (d_o, c)].into_iter().enumerate() {
        let product = std::array::from_fn::<f32, N, _>(|lane| d[lane] * c[lane]);
        add(product, d_peephole, row.peephole_at[k] + at);
    }
}
