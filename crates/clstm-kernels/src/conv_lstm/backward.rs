//! The backward pass: gradients of the input and of every parameter.

use rayon::prelude::*;

use super::forward::scale;
use super::gates::{self, NormSums, Peephole};
use super::group::{GradSource, Group, Layout, StateGradSource, group_ranges, split};
use super::input::{RawGradients, unpack_gradient};
use super::norm::{BatchNorm, InputNormGradient};
use super::weights::{Weights, taps_last, transpose};
use super::{ConvLstmShape, Peepholes, Saved, SavedOf};
use crate::Buffer;
use crate::gemm::GemmScalar;
use crate::padding::widen_into;
use crate::simd::vectorized;

/// Gradients of the parameters, each in the layout of its parameter in [`super::Params`].
#[derive(Debug)]
pub struct Gradients {
    /// `[4H, C, kx]`
    pub w_x: Vec<f32>,
    /// `[4H, H, kh]`
    pub w_h: Vec<f32>,
    /// `[4H]`
    pub bias: Vec<f32>,
    /// `[3, H, P]`, `[3, H]`, or empty.
    pub peephole: Vec<f32>,
    /// Scale of the norm `[4H]`; empty without one.
    pub gamma: Vec<f32>,
}

/// Sums of one group; the groups' sums are added in their order.
struct Partial {
    /// `[kh, H, 4H]`
    w_h: Buffer,
    bias: Vec<f32>,
    peephole: Vec<f32>,
    /// Sums of `d * (raw - mean)`.
    gamma: Vec<f32>,
}

/// Back-propagates `dy` `[B, T, P, H]`. The gradient of the input is written to `dx` `[B, T, L, C]` if
/// given.
///
/// Consumes what the forward pass saved: its gates become gradients in place.
///
/// # Panics
/// If a slice does not have the size given by `shape`.
pub fn backward(
    shape: &ConvLstmShape,
    saved: Saved,
    dy: &[f32],
    dx: Option<&mut [f32]>,
) -> Gradients {
    let utterance = shape.time * shape.positions() * shape.filters;
    assert_eq!(dy.len(), shape.batch * utterance, "dy is [B, T, P, H]");
    let sources: Vec<_> = group_ranges(shape.batch)
        .iter()
        .map(|range| &dy[range.start * utterance..range.end * utterance])
        .map(|dy| StateGradSource { time: shape.time, dy })
        .collect();
    match saved {
        Saved::F32(saved) => backward_in(shape, saved, &sources, dx),
        Saved::Bf16(saved) => backward_in(shape, saved, &sources, dx),
    }
}

/// [`backward`] with one source for each of [`group_ranges`].
pub(crate) fn backward_in<E: GemmScalar, S: GradSource<E>>(
    shape: &ConvLstmShape,
    mut saved: SavedOf<E>,
    sources: &[S],
    dx: Option<&mut [f32]>,
) -> Gradients {
    let utterance_in = shape.time * shape.length * shape.channels;
    let ranges = group_ranges(shape.batch);
    let SavedOf { weights, groups, norm } = &mut saved;
    let partials: Vec<Partial> = groups
        .par_iter_mut()
        .zip(sources)
        .map(|(group, source)| through_time(shape, weights, norm.as_ref(), group, source))
        .collect();
    let bias = sum(partials.iter().map(|p| &p.bias[..]));
    let gamma = sum(partials.iter().map(|p| &p.gamma[..]));
    let gamma = norm.as_ref().map(|norm| norm.gamma_gradient(&gamma)).unwrap_or_default();
    let norm_gradient = norm.as_ref().map(|norm| norm.gradient(&bias, &gamma));

    let inputs: Vec<Option<&mut [f32]>> = match dx {
        Some(dx) => {
            assert_eq!(dx.len(), shape.batch * utterance_in, "dx is [B, T, L, C]");
            split(dx, &ranges, utterance_in).into_iter().map(Some).collect()
        }
        None => ranges.iter().map(|_| None).collect(),
    };
    let w_x: Vec<Buffer> = groups
        .par_iter()
        .zip(inputs)
        .map(|(group, dx)| {
            let layout = &group.layout;
            let mut raw = RawGradientSteps::new(group, norm_gradient.as_ref());
            group.input.gradients(shape, layout, &weights.input, &mut raw, dx)
        })
        .collect();

    let w_x = sum(w_x.iter().map(|w_x| &w_x[..]));
    let w_h = sum(partials.iter().map(|p| &p.w_h[..]));
    Gradients {
        w_x: unpack_gradient(shape, &w_x),
        w_h: taps_last(&w_h, shape.filters, shape.kernel_state),
        bias,
        peephole: unpack_peephole(shape, &sum(partials.iter().map(|p| &p.peephole[..]))),
        gamma,
    }
}

/// From the last step to the first: gates become gradients of their pre-activations.
fn through_time<E: GemmScalar>(
    shape: &ConvLstmShape,
    weights: &Weights<E>,
    norm: Option<&BatchNorm>,
    group: &mut Group<E>,
    source: &impl GradSource<E>,
) -> Partial {
    let layout = group.layout;
    let (size, h, n) = (layout.size, layout.filters, layout.width());
    let (gates_len, state_len) = (layout.gates_len(), layout.state_len());
    let peephole = Peephole { weights: &weights.peephole, stride: weights.peephole_stride };
    let mut state = weights.state.gradient(shape, &layout);
    let mut bias = vec![0.0; n];
    let mut peephole_sum = vec![0.0; weights.peephole.len()];
    let mut gamma = vec![0.0; norm.map_or(0, |_| n)];
    // One step's sums first: thousands of rows would lose digits in a single f32 accumulator.
    let mut step_bias = vec![0.0; n];
    let mut step_peephole = vec![0.0; weights.peephole.len()];
    let mut step_gamma = vec![0.0; gamma.len()];
    // Padded as the hidden states are.
    let mut d_hidden = Buffer::zeros(layout.hidden_len());
    let mut d_cell = Buffer::zeros(state_len);
    for t in (0..shape.time).rev() {
        let step_gates = &mut group.gates[t * gates_len..][..gates_len];
        let hidden = &group.hidden[t * layout.hidden_len()..][..layout.hidden_len()];
        step_bias.fill(0.0);
        step_peephole.fill(0.0);
        step_gamma.fill(0.0);
        for block in layout.blocks() {
            let rows = block.start * size..block.end * size;
            let (wide, narrow) = (scale(&rows, n), scale(&rows, h));
            let d_hidden = &mut d_hidden[layout.hidden_start()..][narrow.clone()];
            let made = &group.hidden[(t + 1) * layout.hidden_len()..][layout.hidden_start()..];
            source.add(&layout, [t, block.start], &made[narrow.clone()], d_hidden);
            let cell_before = &group.cells[t * state_len..][narrow.clone()];
            let cell = &group.cells[(t + 1) * state_len..][narrow.clone()];
            let raw = group.pre.as_deref().map(|pre| &pre[t * layout.pre_len()..][wide.clone()]);
            let d = &mut step_gates[layout.gates_start()..][wide];
            gates::Backward {
                size,
                filters: h,
                position: block.start,
                peephole,
                gates: d,
                cell_before,
                cell,
                d_hidden,
                d_cell: &mut d_cell[narrow.clone()],
                d_peephole: &mut step_peephole,
                d_bias: &mut step_bias,
                norm: norm.zip(raw).map(|(norm, raw)| NormSums {
                    raw,
                    mean: &norm.affine.mean,
                    sums: &mut step_gamma,
                }),
            }
            .run();
            if t > 0 {
                state.block(&layout, block, hidden, d);
            }
        }
        add_to(&mut bias, &step_bias);
        add_to(&mut peephole_sum, &step_peephole);
        add_to(&mut gamma, &step_gamma);
        if t > 0 {
            state.step(&layout, step_gates, &mut d_hidden);
        }
    }
    Partial { w_h: state.finish(), bias, peephole: peephole_sum, gamma }
}

/// Gradients of a group's raw pre-activations, from those of the normalised ones if there is a norm.
struct RawGradientSteps<'a, E: GemmScalar> {
    layout: Layout,
    /// `[T, P'', G, 4H]`
    gates: &'a [E],
    /// The norm's backward pass, and the raw pre-activations `[T, P, G, 4H]`.
    norm: Option<(&'a InputNormGradient<'a>, &'a [E])>,
    /// One step each, allocated at the first use: most layers need only one of the two.
    elements: Option<Buffer<E>>,
    floats: Option<Buffer>,
}

impl<'a, E: GemmScalar> RawGradientSteps<'a, E> {
    fn new(group: &'a Group<E>, norm: Option<&'a InputNormGradient<'a>>) -> Self {
        Self {
            layout: group.layout,
            gates: &group.gates,
            norm: norm.zip(group.pre.as_deref()),
            elements: None,
            floats: None,
        }
    }
}

/// Step `t` of the gradients of what enters the gates.
fn step_of<'a, E>(layout: &Layout, gates: &'a [E], t: usize) -> &'a [E] {
    &gates[t * layout.gates_len() + layout.gates_start()..][..layout.pre_len()]
}

impl<E: GemmScalar> RawGradients<E> for RawGradientSteps<'_, E> {
    fn elements(&mut self, t: usize) -> &[E] {
        let (d, len) = (step_of(&self.layout, self.gates, t), self.layout.pre_len());
        let Some((norm, raw)) = self.norm else { return d };
        let elements = self.elements.get_or_insert_with(|| Buffer::recycled(len));
        norm.apply(&raw[t * len..][..len], d, elements);
        elements
    }

    fn floats(&mut self, t: usize) -> &[f32] {
        let (d, len) = (step_of(&self.layout, self.gates, t), self.layout.pre_len());
        let floats = self.floats.get_or_insert_with(|| Buffer::recycled(len));
        match self.norm {
            Some((norm, raw)) => norm.apply(&raw[t * len..][..len], d, floats),
            None => vectorized(
                #[inline(always)]
                || widen_into(d, floats),
            ),
        }
        floats
    }
}

fn unpack_peephole(shape: &ConvLstmShape, packed: &[f32]) -> Vec<f32> {
    if shape.peepholes == Peepholes::None {
        return Vec::new();
    }
    let gate = packed.len() / 3;
    let mut grad = vec![0.0; packed.len()];
    for (from, to) in packed.chunks_exact(gate).zip(grad.chunks_exact_mut(gate)) {
        transpose(from, shape.filters, to);
    }
    grad
}

fn add_to(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

fn sum<'a>(mut parts: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    let mut total = parts.next().map(<[f32]>::to_vec).unwrap_or_default();
    parts.for_each(|part| add_to(&mut total, part));
    total
}
