//! The gates of one step over a group, forward and backward, between the products of the step.
//!
//! Tensors of all steps (`gates`, `states`, ..) are passed as the slice that starts at this step; their
//! rows, one per utterance, are `time` steps apart. Scratch tensors of one step have adjacent rows.

use crate::activation::{sigmoid, tanh};
use crate::simd::lanes::{Lanes, add, lanes, load, over_channels, store};
use crate::simd::vectorized;

/// The three gates of a row of `3H`.
#[inline(always)]
fn thirds(row: &[f32], hidden: usize) -> [&[f32]; 3] {
    let (z, rest) = row.split_at(hidden);
    let (r, n) = rest.split_at(hidden);
    [z, r, &n[..hidden]]
}

#[inline(always)]
fn thirds_mut(row: &mut [f32], hidden: usize) -> [&mut [f32]; 3] {
    let (z, rest) = row.split_at_mut(hidden);
    let (r, n) = rest.split_at_mut(hidden);
    [z, r, &mut n[..hidden]]
}

/// What a forward step reads and writes.
pub(super) struct Forward<'a> {
    pub(super) hidden: usize,
    pub(super) time: usize,
    /// `[3H]`
    pub(super) bias: &'a [f32],
    /// `[H]`, empty with the reset before.
    pub(super) inner_bias: &'a [f32],
    /// `U h_{t-1}`, `[size, 3H]`.
    pub(super) products: &'a mut [f32],
    /// `W x_t`, replaced by the activated gates; all steps, `3H` each.
    pub(super) gates: &'a mut [f32],
    /// Reset after: `U_n h_{t-1} + b_hn`, written. Reset before: `r ∘ h_{t-1}`, written, then read.
    pub(super) inner: &'a mut [f32],
    /// Distance between the rows of `inner`.
    pub(super) inner_stride: usize,
    /// `h_{t-1}`, replaced by `h_t`, `[size, H]`.
    pub(super) state: &'a mut [f32],
    /// `h_t`, written; all steps, `H` each.
    pub(super) states: &'a mut [f32],
}

/// One utterance of a [`Forward`].
struct ForwardRow<'a> {
    bias: [&'a [f32]; 3],
    inner_bias: &'a [f32],
    products: [&'a [f32]; 3],
    gates: [&'a mut [f32]; 3],
    inner: &'a mut [f32],
    state: &'a mut [f32],
    output: &'a mut [f32],
}

impl Forward<'_> {
    /// Reset after: all gates and the new state.
    pub(super) fn reset_after(&mut self) {
        self.rows(
            #[inline(always)]
            |row, hidden| over_channels(hidden, &mut ResetAfter(row)),
        );
    }

    /// Reset before, first half: z, r and `r ∘ h_{t-1}`.
    pub(super) fn reset_before(&mut self) {
        self.rows(
            #[inline(always)]
            |row, hidden| over_channels(hidden, &mut ResetBefore(row)),
        );
    }

    /// Reset before, second half: n and the new state.
    pub(super) fn candidate(&mut self) {
        self.rows(
            #[inline(always)]
            |row, hidden| over_channels(hidden, &mut Candidate(row)),
        );
    }

    #[inline(always)]
    fn rows(&mut self, body: impl Fn(ForwardRow<'_>, usize)) {
        let (h, time) = (self.hidden, self.time);
        vectorized(
            #[inline(always)]
            || {
                let gates = self.gates.chunks_mut(time * 3 * h);
                let states = self.states.chunks_mut(time * h);
                let inner = self.inner.chunks_mut(self.inner_stride);
                let scratch = self.products.chunks_exact(3 * h).zip(self.state.chunks_exact_mut(h));
                for (((gates, states), inner), (products, state)) in
                    gates.zip(states).zip(inner).zip(scratch)
                {
                    let row = ForwardRow {
                        bias: thirds(self.bias, h),
                        inner_bias: self.inner_bias,
                        products: thirds(products, h),
                        gates: thirds_mut(gates, h),
                        inner: &mut inner[..h],
                        state,
                        output: &mut states[..h],
                    };
                    body(row, h);
                }
            },
        );
    }
}

impl ForwardRow<'_> {
    /// One activated gate.
    #[inline(always)]
    fn gate<const L: usize>(&self, gate: usize, c: usize, f: impl Fn(f32) -> f32) -> [f32; L] {
        let x: [f32; L] = load(self.gates[gate], c);
        let h: [f32; L] = load(self.products[gate], c);
        let b: [f32; L] = load(self.bias[gate], c);
        lanes(|l| f(x[l] + h[l] + b[l]))
    }

    #[inline(always)]
    fn update<const L: usize>(&mut self, c: usize, z: [f32; L], n: [f32; L]) {
        let before: [f32; L] = load(self.state, c);
        let state: [f32; L] = lanes(|l| before[l] + z[l] * (n[l] - before[l]));
        store(n, self.gates[2], c);
        store(state, self.state, c);
        store(state, self.output, c);
    }
}

struct ResetAfter<'a>(ForwardRow<'a>);

impl Lanes for ResetAfter<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let row = &mut self.0;
        let z = row.gate::<L>(0, c, sigmoid);
        let r = row.gate::<L>(1, c, sigmoid);
        let product: [f32; L] = load(row.products[2], c);
        let inner_bias: [f32; L] = load(row.inner_bias, c);
        let inner: [f32; L] = lanes(|l| product[l] + inner_bias[l]);
        let x: [f32; L] = load(row.gates[2], c);
        let b: [f32; L] = load(row.bias[2], c);
        let n: [f32; L] = lanes(|l| tanh(x[l] + b[l] + r[l] * inner[l]));
        store(z, row.gates[0], c);
        store(r, row.gates[1], c);
        store(inner, row.inner, c);
        row.update(c, z, n);
    }
}

struct ResetBefore<'a>(ForwardRow<'a>);

impl Lanes for ResetBefore<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let row = &mut self.0;
        let z = row.gate::<L>(0, c, sigmoid);
        let r = row.gate::<L>(1, c, sigmoid);
        let before: [f32; L] = load(row.state, c);
        store(z, row.gates[0], c);
        store(r, row.gates[1], c);
        store::<L>(lanes(|l| r[l] * before[l]), row.inner, c);
    }
}

struct Candidate<'a>(ForwardRow<'a>);

impl Lanes for Candidate<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let row = &mut self.0;
        let n = row.gate::<L>(2, c, tanh);
        let z: [f32; L] = load(row.gates[0], c);
        row.update(c, z, n);
    }
}

/// What a backward step reads and writes.
pub(super) struct Backward<'a> {
    pub(super) hidden: usize,
    pub(super) time: usize,
    /// Gradient of the layer's output in this direction; all steps, `2H` each.
    pub(super) dy: &'a [f32],
    /// `h_{t-1}`; all steps, `H` each.
    pub(super) before: &'a [f32],
    /// Activated gates, replaced by the gradients of their pre-activations; all steps, `3H` each.
    pub(super) gates: &'a mut [f32],
    /// From the forward pass; with the reset after, replaced by the gradient of `U_n h_{t-1}`. All steps,
    /// `H` each.
    pub(super) inner: &'a mut [f32],
    /// Gradient of `h_t` from later steps, replaced by that of `h_{t-1}` without the products' part,
    /// `[size, H]`.
    pub(super) state: &'a mut [f32],
    /// Gradient of `r ∘ h_{t-1}` (reset before), `[size, H]`.
    pub(super) dinner: &'a mut [f32],
    /// Gradients of the products `U h_{t-1}`, written, `[size, 3H]`.
    pub(super) products: &'a mut [f32],
    /// Sums over utterances and steps of the gradients of the pre-activations, `[3H]`.
    pub(super) bias: &'a mut [f32],
    /// The same for the recurrent product of the candidate (reset after), `[H]`.
    pub(super) inner_bias: &'a mut [f32],
}

/// One utterance of a [`Backward`].
struct BackwardRow<'a> {
    dy: &'a [f32],
    before: &'a [f32],
    gates: [&'a mut [f32]; 3],
    inner: &'a mut [f32],
    state: &'a mut [f32],
    dinner: &'a [f32],
    products: [&'a mut [f32]; 3],
    bias: [&'a mut [f32]; 3],
    inner_bias: &'a mut [f32],
}

impl Backward<'_> {
    /// Reset after: all gates.
    pub(super) fn reset_after(&mut self) {
        self.rows(
            #[inline(always)]
            |row, hidden| over_channels(hidden, &mut GradAfter(row)),
        );
    }

    /// Reset before, first half: z and n.
    pub(super) fn candidate(&mut self) {
        self.rows(
            #[inline(always)]
            |row, hidden| over_channels(hidden, &mut GradCandidate(row)),
        );
    }

    /// Reset before, second half: r, from `dinner`.
    pub(super) fn reset_before(&mut self) {
        self.rows(
            #[inline(always)]
            |row, hidden| over_channels(hidden, &mut GradBefore(row)),
        );
    }

    #[inline(always)]
    fn rows(&mut self, body: impl Fn(BackwardRow<'_>, usize)) {
        let (h, time) = (self.hidden, self.time);
        vectorized(
            #[inline(always)]
            || {
                let steps = (self.dy.chunks(time * 2 * h).zip(self.before.chunks(time * h)))
                    .zip(self.gates.chunks_mut(time * 3 * h).zip(self.inner.chunks_mut(time * h)));
                let scratch = (self.state.chunks_exact_mut(h).zip(self.dinner.chunks_exact(h)))
                    .zip(self.products.chunks_exact_mut(3 * h));
                for (((dy, before), (gates, inner)), ((state, dinner), products)) in
                    steps.zip(scratch)
                {
                    let row = BackwardRow {
                        dy: &dy[..h],
                        before: &before[..h],
                        gates: thirds_mut(gates, h),
                        inner: &mut inner[..h],
                        state,
                        dinner,
                        products: thirds_mut(products, h),
                        bias: thirds_mut(self.bias, h),
                        inner_bias: self.inner_bias,
                    };
                    body(row, h);
                }
            },
        );
    }
}

impl BackwardRow<'_> {
    /// Gradients of the pre-activations of z and n; writes the part that bypasses the gates to `state`.
    #[inline(always)]
    fn update_and_candidate<const L: usize>(&mut self, c: usize) -> [[f32; L]; 2] {
        let z: [f32; L] = load(self.gates[0], c);
        let n: [f32; L] = load(self.gates[2], c);
        let before: [f32; L] = load(self.before, c);
        let dy: [f32; L] = load(self.dy, c);
        let later: [f32; L] = load(self.state, c);
        let d: [f32; L] = lanes(|l| dy[l] + later[l]);
        let dz: [f32; L] = lanes(|l| d[l] * (n[l] - before[l]) * z[l] * (1.0 - z[l]));
        let dn: [f32; L] = lanes(|l| d[l] * z[l] * (1.0 - n[l] * n[l]));
        store::<L>(lanes(|l| d[l] * (1.0 - z[l])), self.state, c);
        [dz, dn]
    }

    /// Writes the gradient of one gate to the gates and the products, and adds it to the bias.
    #[inline(always)]
    fn gate<const L: usize>(&mut self, gate: usize, c: usize, d: [f32; L]) {
        store(d, self.gates[gate], c);
        store(d, self.products[gate], c);
        add(d, self.bias[gate], c);
    }
}

struct GradAfter<'a>(BackwardRow<'a>);

impl Lanes for GradAfter<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let row = &mut self.0;
        let [dz, dn] = row.update_and_candidate::<L>(c);
        let r: [f32; L] = load(row.gates[1], c);
        let inner: [f32; L] = load(row.inner, c);
        let dr: [f32; L] = lanes(|l| dn[l] * inner[l] * r[l] * (1.0 - r[l]));
        let dinner: [f32; L] = lanes(|l| dn[l] * r[l]);
        row.gate(0, c, dz);
        row.gate(1, c, dr);
        row.gate(2, c, dn);
        store(dinner, row.products[2], c);
        store(dinner, row.inner, c);
        add(dinner, row.inner_bias, c);
    }
}

struct GradCandidate<'a>(BackwardRow<'a>);

impl Lanes for GradCandidate<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let row = &mut self.0;
        let [dz, dn] = row.update_and_candidate::<L>(c);
        row.gate(0, c, dz);
        row.gate(2, c, dn);
    }
}

struct GradBefore<'a>(BackwardRow<'a>);

impl Lanes for GradBefore<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let row = &mut self.0;
        let r: [f32; L] = load(row.gates[1], c);
        let before: [f32; L] = load(row.before, c);
        let dinner: [f32; L] = load(row.dinner, c);
        row.gate::<L>(1, c, lanes(|l| dinner[l] * before[l] * r[l] * (1.0 - r[l])));
        add::<L>(lanes(|l| dinner[l] * r[l]), row.state, c);
    }
}
