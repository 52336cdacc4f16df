//! Gates, cell and hidden states from the pre-activations.

use std::marker::PhantomData;

use super::Peephole;
use crate::activation::Activation;
use crate::batch_norm::Affine;
use crate::gemm::GemmScalar;
use crate::simd::lanes::{Lanes, lanes, load, load_wide, over_channels, store, store_narrow};
use crate::simd::{Arithmetic, WithArithmetic, vectorized_with};

/// What a forward step reads and writes, for rows of whole positions.
pub(in crate::conv_lstm) struct Forward<'a, R, E> {
    /// Utterances, the rows of a position.
    pub(in crate::conv_lstm) size: usize,
    /// H
    pub(in crate::conv_lstm) filters: usize,
    /// The first position.
    pub(in crate::conv_lstm) position: usize,
    pub(in crate::conv_lstm) peephole: Peephole<'a>,
    pub(in crate::conv_lstm) affine: &'a Affine,
    /// Raw input-to-state pre-activations `[rows, 4H]`.
    pub(in crate::conv_lstm) raw: &'a [R],
    /// State-to-state pre-activations `[rows, 4H]`.
    pub(in crate::conv_lstm) state: &'a [f32],
    /// Activated gates i, f, g, o `[rows, 4H]`, written.
    pub(in crate::conv_lstm) gates: &'a mut [E],
    /// Cell states before the step, `[rows, H]`.
    pub(in crate::conv_lstm) cell_before: &'a [f32],
    /// Cell states after the step, `[rows, H]`, written.
    pub(in crate::conv_lstm) cell: &'a mut [f32],
    /// Hidden states after the step, `[rows, H]`, written.
    pub(in crate::conv_lstm) hidden: &'a mut [E],
}

impl<R: GemmScalar, E: GemmScalar> Forward<'_, R, E> {
    pub(in crate::conv_lstm) fn run(self) {
        vectorized_with(self);
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
        let Affine { mean, scale, shift } = self.step.affine;
        let raw: [f32; L] = load_wide(self.step.raw, at);
        let state: [f32; L] = load(self.step.state, at);
        let mean: [f32; L] = load(mean, channel);
        let (scale, bias): ([f32; L], [f32; L]) = (load(scale, channel), load(shift, channel));
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
