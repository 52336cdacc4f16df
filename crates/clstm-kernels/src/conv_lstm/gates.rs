//! Gates of one step over a group, forward and backward, in place over the pre-activations.
//!
//! The work goes through runs of channels ([`Lanes`]) so that every intermediate stays in a vector
//! register.

use crate::activation::{sigmoid, tanh, vectorised};
use crate::lanes::{Lanes, lanes, load, over_channels, store};

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
        let row = |k: usize| &self.weights[k * gate + at..][..h];
        [row(0), row(1), row(2)]
    }
}

/// `L` channels of the gates i, f, g, o of one row `[4H]`.
#[inline(always)]
fn load_gates<const L: usize>(row: &[f32], h: usize, at: usize) -> [[f32; L]; 4] {
    [load(row, at), load(row, h + at), load(row, 2 * h + at), load(row, 3 * h + at)]
}

/// `L` channels of the peephole weights of i, f, o.
#[inline(always)]
fn load_weights<const L: usize>(weights: [&[f32]; 3], at: usize) -> [[f32; L]; 3] {
    [load(weights[0], at), load(weights[1], at), load(weights[2], at)]
}

#[inline(always)]
fn add<const L: usize>(x: [f32; L], to: &mut [f32], at: usize) {
    let sum: [f32; L] = load(to, at);
    store(
        lanes::<L>(
            #[inline(always)]
            |k| sum[k] + x[k],
        ),
        to,
        at,
    );
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
                over_channels(h, &mut ForwardRow { h, weights, gates, before, cell, hidden });
            }
        },
    );
}

struct ForwardRow<'a> {
    h: usize,
    weights: [&'a [f32]; 3],
    gates: &'a mut [f32],
    before: &'a [f32],
    cell: &'a mut [f32],
    hidden: &'a mut [f32],
}

impl Lanes for ForwardRow<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, at: usize) {
        let h = self.h;
        let [wi, wf, wo] = load_weights::<L>(self.weights, at);
        let c0: [f32; L] = load(self.before, at);
        let [i, f, g, o] = load_gates::<L>(self.gates, h, at);
        let i = lanes::<L>(
            #[inline(always)]
            |k| sigmoid(i[k] + wi[k] * c0[k]),
        );
        let f = lanes::<L>(
            #[inline(always)]
            |k| sigmoid(f[k] + wf[k] * c0[k]),
        );
        let g = lanes::<L>(
            #[inline(always)]
            |k| tanh(g[k]),
        );
        let c = lanes::<L>(
            #[inline(always)]
            |k| f[k] * c0[k] + i[k] * g[k],
        );
        let o = lanes::<L>(
            #[inline(always)]
            |k| sigmoid(o[k] + wo[k] * c[k]),
        );
        let y = lanes::<L>(
            #[inline(always)]
            |k| o[k] * tanh(c[k]),
        );
        store(i, self.gates, at);
        store(f, self.gates, h + at);
        store(g, self.gates, 2 * h + at);
        store(o, self.gates, 3 * h + at);
        store(c, self.cell, at);
        store(y, self.hidden, at);
    }
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
                let at = row / size * peephole.stride;
                let mut row = BackwardRow {
                    h,
                    weights: peephole.rows(row / size, h),
                    gates,
                    before: &cell_before[row * h..][..h],
                    cell: &cell[row * h..][..h],
                    d_hidden: &carry.hidden[row * h..][..h],
                    d_cell: &mut carry.cell[row * h..][..h],
                    d_peephole: carry.peephole,
                    peephole_at: [at, gate + at, 2 * gate + at],
                    d_bias: carry.bias,
                };
                over_channels(h, &mut row);
            }
        },
    );
}

struct BackwardRow<'a> {
    h: usize,
    weights: [&'a [f32]; 3],
    gates: &'a mut [f32],
    before: &'a [f32],
    cell: &'a [f32],
    d_hidden: &'a [f32],
    d_cell: &'a mut [f32],
    d_peephole: &'a mut [f32],
    /// Where the row's gradients start in the sums `[3, P or 1, H]`.
    peephole_at: [usize; 3],
    d_bias: &'a mut [f32],
}

impl Lanes for BackwardRow<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, at: usize) {
        let h = self.h;
        let [wi, wf, wo] = load_weights::<L>(self.weights, at);
        let [i, f, g, o] = load_gates::<L>(self.gates, h, at);
        let (c0, c): ([f32; L], [f32; L]) = (load(self.before, at), load(self.cell, at));
        let (dh, dc): ([f32; L], [f32; L]) = (load(self.d_hidden, at), load(self.d_cell, at));
        let squashed = lanes::<L>(
            #[inline(always)]
            |k| tanh(c[k]),
        );
        let d_o = lanes::<L>(
            #[inline(always)]
            |k| dh[k] * squashed[k] * o[k] * (1.0 - o[k]),
        );
        let dc = lanes::<L>(
            #[inline(always)]
            |k| dc[k] + dh[k] * o[k] * (1.0 - squashed[k] * squashed[k]) + d_o[k] * wo[k],
        );
        let d_i = lanes::<L>(
            #[inline(always)]
            |k| dc[k] * g[k] * i[k] * (1.0 - i[k]),
        );
        let d_f = lanes::<L>(
            #[inline(always)]
            |k| dc[k] * c0[k] * f[k] * (1.0 - f[k]),
        );
        let d_g = lanes::<L>(
            #[inline(always)]
            |k| dc[k] * i[k] * (1.0 - g[k] * g[k]),
        );
        let dc0 = lanes::<L>(
            #[inline(always)]
            |k| dc[k] * f[k] + d_i[k] * wi[k] + d_f[k] * wf[k],
        );
        store(dc0, self.d_cell, at);
        store(d_i, self.gates, at);
        store(d_f, self.gates, h + at);
        store(d_g, self.gates, 2 * h + at);
        store(d_o, self.gates, 3 * h + at);
        add(d_i, self.d_bias, at);
        add(d_f, self.d_bias, h + at);
        add(d_g, self.d_bias, 2 * h + at);
        add(d_o, self.d_bias, 3 * h + at);
        let [pi, pf, po] = self.peephole_at;
        add(
            lanes::<L>(
                #[inline(always)]
                |k| d_i[k] * c0[k],
            ),
            self.d_peephole,
            pi + at,
        );
        add(
            lanes::<L>(
                #[inline(always)]
                |k| d_f[k] * c0[k],
            ),
            self.d_peephole,
            pf + at,
        );
        add(
            lanes::<L>(
                #[inline(always)]
                |k| d_o[k] * c[k],
            ),
            self.d_peephole,
            po + at,
        );
    }
}
