//! Gates of some positions of one step, forward and backward.
//!
//! The work goes through runs of channels ([`Lanes`]), and for each through the rows of a position:
//! what belongs to the channel (weights, scales, sums of gradients) stays in vector registers.

use std::marker::PhantomData;

use crate::activation::{Activation, Arithmetic, WithArithmetic, arithmetic};
use crate::gemm::GemmScalar;
use crate::lanes::{Lanes, lanes, load, over_channels, store};

/// Peephole weights `[3, P or 1, H]` of the gates i, f, o.
#[derive(Clone, Copy)]
pub(super) struct Peephole<'a> {
    pub(super) weights: &'a [f32],
    /// `H`, or 0 where all positions share one row.
    pub(super) stride: usize,
}

impl Peephole<'_> {
    /// Where the rows of `position` start.
    #[inline(always)]
    fn at(&self, position: usize) -> [usize; 3] {
        let (gate, at) = (self.weights.len() / 3, position * self.stride);
        [at, gate + at, 2 * gate + at]
    }
}

/// The affine map from raw input-to-state pre-activations to what enters the gates, `[4H]` each:
/// `(raw - mean) * scale + bias`.
#[derive(Clone, Copy)]
pub(super) struct Affine<'a> {
    pub(super) mean: &'a [f32],
    pub(super) scale: &'a [f32],
    pub(super) bias: &'a [f32],
}

/// `x[at .. at + L]` as floats.
#[inline(always)]
fn load_wide<E: GemmScalar, const L: usize>(x: &[E], at: usize) -> [f32; L] {
    let narrow: [E; L] = load(x, at);
    lanes::<L>(
        #[inline(always)]
        |k| narrow[k].to_f32(),
    )
}

/// `x` rounded into `to[at .. at + L]`.
#[inline(always)]
fn store_narrow<E: GemmScalar, const L: usize>(x: [f32; L], to: &mut [E], at: usize) {
    for (to, x) in to[at..at + L].iter_mut().zip(x) {
        *to = E::from_f32(x);
    }
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

/// What a step forward reads and writes, for rows of whole positions.
pub(super) struct Forward<'a, R, E> {
    /// Utterances, the rows of a position.
    pub(super) size: usize,
    /// H
    pub(super) filters: usize,
    /// The first position.
    pub(super) position: usize,
    pub(super) peephole: Peephole<'a>,
    pub(super) affine: Affine<'a>,
    /// Raw input-to-state pre-activations `[rows, 4H]`.
    pub(super) raw: &'a [R],
    /// State-to-state pre-activations `[rows, 4H]`.
    pub(super) state: &'a [f32],
    /// Activated gates i, f, g, o `[rows, 4H]`, out.
    pub(super) gates: &'a mut [E],
    /// `[rows, H]`
    pub(super) cell_before: &'a [f32],
    /// `[rows, H]`, out.
    pub(super) cell: &'a mut [f32],
    /// `[rows, H]`, out.
    pub(super) hidden: &'a mut [E],
}

impl<R: GemmScalar, E: GemmScalar> Forward<'_, R, E> {
    pub(super) fn run(self) {
        arithmetic(self);
    }
}

impl<R: GemmScalar, E: GemmScalar> WithArithmetic for Forward<'_, R, E> {
    #[inline(always)]
    fn run<A: Arithmetic>(mut self) {
        let (rows, filters) = (self.cell.len() / self.filters, self.filters);
        for first in (0..rows).step_by(self.size) {
            let step = &mut self;
            over_channels(filters, &mut ForwardRows::<_, _, A> { step, first, with: PhantomData });
        }
    }
}

struct ForwardRows<'a, 'b, R, E, A> {
    step: &'a mut Forward<'b, R, E>,
    /// The position's first row.
    first: usize,
    with: PhantomData<A>,
}

impl<R: GemmScalar, E: GemmScalar, A: Arithmetic> ForwardRows<'_, '_, R, E, A> {
    /// The pre-activation of gate `gate` before the peepholes.
    #[inline(always)]
    fn pre<const L: usize>(&self, row: usize, gate: usize, at: usize) -> [f32; L] {
        let h = self.step.filters;
        let (channel, at) = (gate * h + at, (row * 4 + gate) * h + at);
        let Affine { mean, scale, bias } = self.step.affine;
        let raw: [f32; L] = load_wide(self.step.raw, at);
        let state: [f32; L] = load(self.step.state, at);
        let mean: [f32; L] = load(mean, channel);
        let (scale, bias): ([f32; L], [f32; L]) = (load(scale, channel), load(bias, channel));
        lanes::<L>(
            #[inline(always)]
            |k| A::mul_add(raw[k] - mean[k], scale[k], bias[k] + state[k]),
        )
    }
}

impl<R: GemmScalar, E: GemmScalar, A: Arithmetic> Lanes for ForwardRows<'_, '_, R, E, A> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, at: usize) {
        let (h, size) = (self.step.filters, self.step.size);
        let [pi, pf, po] = self.step.peephole.at(self.step.position + self.first / size);
        let weights = self.step.peephole.weights;
        let wi: [f32; L] = load(weights, pi + at);
        let wf: [f32; L] = load(weights, pf + at);
        let wo: [f32; L] = load(weights, po + at);
        for row in self.first..self.first + size {
            let c0: [f32; L] = load(self.step.cell_before, row * h + at);
            let i: [f32; L] = self.pre(row, 0, at);
            let f: [f32; L] = self.pre(row, 1, at);
            let g: [f32; L] = self.pre(row, 2, at);
            let o: [f32; L] = self.pre(row, 3, at);
            let i = lanes::<L>(
                #[inline(always)]
                |k| Activation::<A>::sigmoid(A::mul_add(wi[k], c0[k], i[k])),
            );
            let f = lanes::<L>(
                #[inline(always)]
                |k| Activation::<A>::sigmoid(A::mul_add(wf[k], c0[k], f[k])),
            );
            let g = lanes::<L>(
                #[inline(always)]
                |k| Activation::<A>::tanh(g[k]),
            );
            let c = lanes::<L>(
                #[inline(always)]
                |k| A::mul_add(f[k], c0[k], i[k] * g[k]),
            );
            let o = lanes::<L>(
                #[inline(always)]
                |k| Activation::<A>::sigmoid(A::mul_add(wo[k], c[k], o[k])),
            );
            let y = lanes::<L>(
                #[inline(always)]
                |k| o[k] * Activation::<A>::tanh(c[k]),
            );
            let gates = &mut self.step.gates[row * 4 * h..][..4 * h];
            store_narrow(i, gates, at);
            store_narrow(f, gates, h + at);
            store_narrow(g, gates, 2 * h + at);
            store_narrow(o, gates, 3 * h + at);
            store(c, self.step.cell, row * h + at);
            store_narrow(y, self.step.hidden, row * h + at);
        }
    }
}

/// What a step backward reads and writes, for rows of whole positions.
pub(super) struct Backward<'a, E> {
    /// Utterances, the rows of a position.
    pub(super) size: usize,
    /// H
    pub(super) filters: usize,
    /// The first position.
    pub(super) position: usize,
    pub(super) peephole: Peephole<'a>,
    /// Activated gates in, gradients of their pre-activations out, `[rows, 4H]`.
    pub(super) gates: &'a mut [E],
    /// `[rows, H]`
    pub(super) cell_before: &'a [f32],
    /// `[rows, H]`
    pub(super) cell: &'a [f32],
    /// Gradient of the hidden rows `[rows, H]`, from the output and from the next step.
    pub(super) d_hidden: &'a [f32],
    /// Gradient of the cell states `[rows, H]`; replaced by that of the step before.
    pub(super) d_cell: &'a mut [f32],
    /// Sums of peephole gradients `[3, P or 1, H]`.
    pub(super) d_peephole: &'a mut [f32],
    /// Sums of pre-activation gradients `[4H]`.
    pub(super) d_bias: &'a mut [f32],
    /// Where the input is normalised.
    pub(super) norm: Option<NormSums<'a, E>>,
}

/// The sums that the gradient of the norm's scale is made of.
pub(super) struct NormSums<'a, E> {
    /// Raw pre-activations `[rows, 4H]`.
    pub(super) raw: &'a [E],
    /// `[4H]`
    pub(super) mean: &'a [f32],
    /// Sums of `d * (raw - mean)`, `[4H]`.
    pub(super) sums: &'a mut [f32],
}

impl<E: GemmScalar> Backward<'_, E> {
    pub(super) fn run(self) {
        arithmetic(self);
    }
}

impl<E: GemmScalar> WithArithmetic for Backward<'_, E> {
    #[inline(always)]
    fn run<A: Arithmetic>(mut self) {
        let (rows, filters) = (self.cell.len() / self.filters, self.filters);
        for first in (0..rows).step_by(self.size) {
            let step = &mut self;
            over_channels(filters, &mut BackwardRows::<_, A> { step, first, with: PhantomData });
        }
    }
}

struct BackwardRows<'a, 'b, E, A> {
    step: &'a mut Backward<'b, E>,
    /// The position's first row.
    first: usize,
    with: PhantomData<A>,
}

/// `sum += x * y`
#[inline(always)]
fn add_product<A: Arithmetic, const L: usize>(sum: &mut [f32; L], x: &[f32; L], y: &[f32; L]) {
    for k in 0..L {
        sum[k] = A::mul_add(x[k], y[k], sum[k]);
    }
}

/// `sum += x`
#[inline(always)]
fn add_lanes<const L: usize>(sum: &mut [f32; L], x: &[f32; L]) {
    for k in 0..L {
        sum[k] += x[k];
    }
}

impl<E: GemmScalar, A: Arithmetic> Lanes for BackwardRows<'_, '_, E, A> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, at: usize) {
        let Backward { size, filters: h, position, peephole, .. } = *self.step;
        let [pi, pf, po] = peephole.at(position + self.first / size);
        let wi: [f32; L] = load(peephole.weights, pi + at);
        let wf: [f32; L] = load(peephole.weights, pf + at);
        let wo: [f32; L] = load(peephole.weights, po + at);
        let (mut sum_i, mut sum_f, mut sum_g, mut sum_o) =
            ([0.0_f32; L], [0.0_f32; L], [0.0_f32; L], [0.0_f32; L]);
        let (mut sum_wi, mut sum_wf, mut sum_wo) = ([0.0_f32; L], [0.0_f32; L], [0.0_f32; L]);
        for row in self.first..self.first + size {
            let gates = &mut self.step.gates[row * 4 * h..][..4 * h];
            let i: [f32; L] = load_wide(gates, at);
            let f: [f32; L] = load_wide(gates, h + at);
            let g: [f32; L] = load_wide(gates, 2 * h + at);
            let o: [f32; L] = load_wide(gates, 3 * h + at);
            let c0: [f32; L] = load(self.step.cell_before, row * h + at);
            let c: [f32; L] = load(self.step.cell, row * h + at);
            let dh: [f32; L] = load(self.step.d_hidden, row * h + at);
            let dc: [f32; L] = load(self.step.d_cell, row * h + at);
            let squashed = lanes::<L>(
                #[inline(always)]
                |k| Activation::<A>::tanh(c[k]),
            );
            let d_o = lanes::<L>(
                #[inline(always)]
                |k| dh[k] * squashed[k] * o[k] * (1.0 - o[k]),
            );
            let dc = lanes::<L>(
                #[inline(always)]
                |k| {
                    let through = A::mul_add(-squashed[k], squashed[k], 1.0);
                    A::mul_add(d_o[k], wo[k], A::mul_add(dh[k] * o[k], through, dc[k]))
                },
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
                |k| dc[k] * i[k] * A::mul_add(-g[k], g[k], 1.0),
            );
            let dc0 = lanes::<L>(
                #[inline(always)]
                |k| A::mul_add(d_f[k], wf[k], A::mul_add(d_i[k], wi[k], dc[k] * f[k])),
            );
            store(dc0, self.step.d_cell, row * h + at);
            store_narrow(d_i, gates, at);
            store_narrow(d_f, gates, h + at);
            store_narrow(d_g, gates, 2 * h + at);
            store_narrow(d_o, gates, 3 * h + at);
            add_lanes(&mut sum_i, &d_i);
            add_lanes(&mut sum_f, &d_f);
            add_lanes(&mut sum_g, &d_g);
            add_lanes(&mut sum_o, &d_o);
            add_product::<A, L>(&mut sum_wi, &d_i, &c0);
            add_product::<A, L>(&mut sum_wf, &d_f, &c0);
            add_product::<A, L>(&mut sum_wo, &d_o, &c);
        }
        add(sum_i, self.step.d_bias, at);
        add(sum_f, self.step.d_bias, h + at);
        add(sum_g, self.step.d_bias, 2 * h + at);
        add(sum_o, self.step.d_bias, 3 * h + at);
        add(sum_wi, self.step.d_peephole, pi + at);
        add(sum_wf, self.step.d_peephole, pf + at);
        add(sum_wo, self.step.d_peephole, po + at);
        let gates = &*self.step.gates;
        if let Some(norm) = &mut self.step.norm {
            // The position's gates have just been written: a second look finds them in the cache.
            for gate in 0..4 {
                norm.add::<A, L>(gates, h, [self.first, size], gate * h + at);
            }
        }
    }
}

impl<E: GemmScalar> NormSums<'_, E> {
    #[inline(always)]
    fn add<A: Arithmetic, const L: usize>(
        &mut self,
        d: &[E],
        h: usize,
        [first, size]: [usize; 2],
        at: usize,
    ) {
        let mean: [f32; L] = load(self.mean, at);
        let mut sum = [0.0_f32; L];
        for row in first..first + size {
            let d: [f32; L] = load_wide(d, row * 4 * h + at);
            let raw: [f32; L] = load_wide(self.raw, row * 4 * h + at);
            for k in 0..L {
                sum[k] = A::mul_add(d[k], raw[k] - mean[k], sum[k]);
            }
        }
        add(sum, self.sums, at);
    }
}
