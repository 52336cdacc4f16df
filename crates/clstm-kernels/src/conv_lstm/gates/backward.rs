//! Gradients of the pre-activations, cell states and parameters of the gates.

use std::marker::PhantomData;

use super::Peephole;
use crate::activation::Activation;
use crate::gemm::GemmScalar;
use crate::simd::lanes::{Lanes, add, lanes, load, load_wide, over_channels, store, store_narrow};
use crate::simd::{Arithmetic, WithArithmetic, vectorized_with};

/// What a backward step reads and writes, for rows of whole positions.
pub(in crate::conv_lstm) struct Backward<'a, E> {
    /// Utterances, the rows of a position.
    pub(in crate::conv_lstm) size: usize,
    /// H
    pub(in crate::conv_lstm) filters: usize,
    /// The first position.
    pub(in crate::conv_lstm) position: usize,
    pub(in crate::conv_lstm) peephole: Peephole<'a>,
    /// Activated gates, replaced by the gradients of their pre-activations, `[rows, 4H]`.
    pub(in crate::conv_lstm) gates: &'a mut [E],
    /// Cell states before the step, `[rows, H]`.
    pub(in crate::conv_lstm) cell_before: &'a [f32],
    /// Cell states after the step, `[rows, H]`.
    pub(in crate::conv_lstm) cell: &'a [f32],
    /// Gradient of the hidden rows `[rows, H]`, from the output and from the next step.
    pub(in crate::conv_lstm) d_hidden: &'a [f32],
    /// Gradient of the cell states `[rows, H]`; replaced by that of the previous step.
    pub(in crate::conv_lstm) d_cell: &'a mut [f32],
    /// Sums of peephole gradients `[3, P or 1, H]`.
    pub(in crate::conv_lstm) d_peephole: &'a mut [f32],
    /// Sums of pre-activation gradients `[4H]`.
    pub(in crate::conv_lstm) d_bias: &'a mut [f32],
    /// With a batch norm of the input.
    pub(in crate::conv_lstm) norm: Option<NormSums<'a, E>>,
}

/// Sums for the gradient of the norm's scale.
pub(in crate::conv_lstm) struct NormSums<'a, E> {
    /// Raw pre-activations `[rows, 4H]`.
    pub(in crate::conv_lstm) raw: &'a [E],
    /// `[4H]`
    pub(in crate::conv_lstm) mean: &'a [f32],
    /// Sums of `d * (raw - mean)`, `[4H]`.
    pub(in crate::conv_lstm) sums: &'a mut [f32],
}

impl<E: GemmScalar> Backward<'_, E> {
    pub(in crate::conv_lstm) fn run(self) {
        vectorized_with(self);
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
            // The position's gates were written just now and are still in the cache.
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
