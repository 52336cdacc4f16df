//! The forward pass over all groups of a batch.

use std::ops::Range;

use half::bf16;
use rayon::prelude::*;

use super::gates::{self, Peephole};
use super::group::{Group, Layout, OutputSink, StateSink, group_ranges, split};
use super::input::GroupInput;
use super::norm::{BatchNorm, InputNorm};
use super::state::StateProduct;
use super::weights::Weights;
use super::{ConvLstmShape, Params, Saved, SavedOf};
use crate::batch_norm::{Affine, MomentAccumulator, Statistics};
use crate::gemm::GemmScalar;
use crate::padding::round_into;
use crate::simd::vectorized;
use crate::{Buffer, Precision, UTTERANCE_BLOCK};

/// Runs the layer over `x` `[B, T, L, C]` from zero states and writes `y` `[B, T, P, H]`.
///
/// With `keep`, what [`super::backward`] needs is returned; without it only two steps of state are
/// held. The statistics are those of [`InputNorm::Batch`].
///
/// # Panics
/// If a slice does not have the size given by `shape`.
pub fn forward(
    shape: &ConvLstmShape,
    x: &[f32],
    params: &Params<'_>,
    norm: InputNorm<'_>,
    y: &mut [f32],
    keep: bool,
) -> (Option<Saved>, Option<Statistics>) {
    let utterance = shape.time * shape.positions() * shape.filters;
    assert_eq!(y.len(), shape.batch * utterance, "y is [B, T, P, H]");
    let ranges = group_ranges(shape.batch);
    let states = split(y, &ranges, utterance).into_iter();
    let mut sinks: Vec<_> = states.map(|y| StateSink { time: shape.time, y }).collect();
    match shape.precision {
        Precision::F32 => {
            let (saved, statistics) =
                forward_in::<f32, _>(shape, x, params, norm, &mut sinks, keep);
            (saved.map(Saved::F32), statistics)
        }
        Precision::Bf16 => {
            let (saved, statistics) =
                forward_in::<bf16, _>(shape, x, params, norm, &mut sinks, keep);
            (saved.map(Saved::Bf16), statistics)
        }
    }
}

/// [`forward`] with one sink for each of [`group_ranges`].
pub(crate) fn forward_in<E: GemmScalar, S: OutputSink<E>>(
    shape: &ConvLstmShape,
    x: &[f32],
    params: &Params<'_>,
    norm: InputNorm<'_>,
    sinks: &mut [S],
    keep: bool,
) -> (Option<SavedOf<E>>, Option<Statistics>) {
    shape.check_input(x);
    let utterance_in = shape.time * shape.length * shape.channels;
    let weights = Weights::<E>::new(shape, params, &norm, keep);
    let ranges = group_ranges(shape.batch);
    let batch_norm = matches!(norm, InputNorm::Batch { .. });
    let (mut groups, moments): (Vec<Group<E>>, Vec<MomentAccumulator>) = ranges
        .par_iter()
        .map(|range| {
            let x = &x[range.start * utterance_in..range.end * utterance_in];
            init_group(shape, &weights, range.len(), x, batch_norm, keep)
        })
        .unzip();
    let (norm, statistics) = match norm {
        InputNorm::Batch { gamma, epsilon } => {
            let (norm, statistics) = BatchNorm::of(&moments, gamma, params.bias, epsilon);
            (Some(norm), Some(statistics))
        }
        _ => (None, None),
    };
    groups
        .par_iter_mut()
        .zip(sinks)
        .for_each(|(group, sink)| run_group(shape, &weights, norm.as_ref(), group, sink));
    (keep.then_some(SavedOf { weights, groups, norm }), statistics)
}

/// [`forward_in`] without a batch norm, on weights packed before (a fixed norm is part of them): no
/// group waits for another.
pub(super) fn infer<E: GemmScalar, S: OutputSink<E>>(
    shape: &ConvLstmShape,
    x: &[f32],
    weights: &Weights<E>,
    sinks: &mut [S],
) {
    shape.check_input(x);
    let run = |size, x, sink: &mut S| {
        let (mut group, _) = init_group(shape, weights, size, x, false, false);
        run_group(shape, weights, None, &mut group, sink);
    };
    if let [sink] = sinks {
        return run(shape.batch, x, sink);
    }
    let utterance_in = shape.time * shape.length * shape.channels;
    group_ranges(shape.batch).par_iter().zip(sinks).for_each(|(range, sink)| {
        run(range.len(), &x[range.start * utterance_in..range.end * utterance_in], sink);
    });
}

/// Allocates the group's memory and, with a batch norm, computes its raw pre-activations.
fn init_group<E: GemmScalar>(
    shape: &ConvLstmShape,
    weights: &Weights<E>,
    size: usize,
    x: &[f32],
    batch_norm: bool,
    keep: bool,
) -> (Group<E>, MomentAccumulator) {
    let layout = Layout::new(shape, size);
    let kept = if keep { shape.time } else { 1 };
    let states = if keep { shape.time + 1 } else { 2 };
    let mut group = Group {
        layout,
        input: GroupInput::pack(shape, &weights.input, size, x),
        pre: None,
        gates: Buffer::recycled(kept * layout.gates_len()),
        cells: Buffer::recycled(states * layout.state_len()),
        hidden: Buffer::zeros(states * layout.hidden_len()),
    };
    group.cells[..layout.state_len()].fill(0.0);
    let mut moments = MomentAccumulator::new(if batch_norm { layout.width() } else { 0 });
    if batch_norm {
        group.pre = Some(pre_activations(shape, &group, &mut moments));
    }
    (group, moments)
}

/// The raw input-to-state pre-activations of all steps, `[T, P, G, 4H]`, and their moments.
fn pre_activations<E: GemmScalar>(
    shape: &ConvLstmShape,
    group: &Group<E>,
    moments: &mut MomentAccumulator,
) -> Buffer<E> {
    let layout = &group.layout;
    let mut scratch = group.input.scratch(layout);
    let mut floats = Buffer::recycled(layout.pre_len());
    let mut pre = Buffer::recycled(shape.time * layout.pre_len());
    for (t, pre) in pre.chunks_exact_mut(layout.pre_len()).enumerate() {
        let mut products = |to: &mut [f32]| {
            group.input.products(shape, layout, t..t + 1, &mut scratch, to);
        };
        match E::as_floats(pre) {
            Some(pre) => products(pre),
            None => {
                products(&mut floats);
                vectorized(
                    #[inline(always)]
                    || round_into(&floats, pre),
                );
            }
        }
        moments.add(pre);
    }
    pre
}

/// The recurrence over time.
fn run_group<E: GemmScalar>(
    shape: &ConvLstmShape,
    weights: &Weights<E>,
    norm: Option<&BatchNorm>,
    group: &mut Group<E>,
    sink: &mut impl OutputSink<E>,
) {
    let layout = group.layout;
    let mut state = Buffer::recycled(layout.block_positions() * layout.size * layout.width());
    if let (Some(norm), Some(pre)) = (norm, group.pre.take()) {
        let mut steps = StepRunner::new(weights, &layout, &norm.affine);
        for (t, raw) in pre.chunks_exact(layout.pre_len()).enumerate() {
            steps.run(group, t, raw, &mut state, sink);
        }
        group.pre = Some(pre);
        return;
    }
    let mut steps = StepRunner::new(weights, &layout, &weights.affine);
    let block = time_block(shape, layout.size);
    let mut scratch = group.input.scratch(&layout);
    let mut raw = Buffer::recycled(block * layout.pre_len());
    for first in (0..shape.time).step_by(block) {
        let time = first..(first + block).min(shape.time);
        group.input.products(shape, &layout, time.clone(), &mut scratch, &mut raw);
        for (t, raw) in time.zip(raw.chunks_exact(layout.pre_len())) {
            steps.run(group, t, raw, &mut state, sink);
        }
    }
}

/// Steps whose input-to-state products are computed together: a small group has too few rows in one.
fn time_block(shape: &ConvLstmShape, size: usize) -> usize {
    (UTTERANCE_BLOCK / size).clamp(1, shape.time)
}

/// What all steps of a group share.
struct StepRunner<'a, E: GemmScalar> {
    product: StateProduct<'a, E>,
    affine: &'a Affine,
    peephole: Peephole<'a>,
}

impl<'a, E: GemmScalar> StepRunner<'a, E> {
    fn new(weights: &'a Weights<E>, layout: &Layout, affine: &'a Affine) -> Self {
        let peephole = Peephole { weights: &weights.peephole, stride: weights.peephole_stride };
        Self { product: weights.state.product(layout), affine, peephole }
    }

    /// Step `t`, whose raw input-to-state pre-activations are `raw` `[P, G, 4H]`.
    fn run<R: GemmScalar>(
        &mut self,
        group: &mut Group<E>,
        t: usize,
        raw: &[R],
        state: &mut [f32],
        sink: &mut impl OutputSink<E>,
    ) {
        let layout = group.layout;
        let kept = group.gates.len() / layout.gates_len();
        let states = group.cells.len() / layout.state_len();
        let (before, after) = (t % states, (t + 1) % states);
        let gates = &mut group.gates[t % kept * layout.gates_len()..][..layout.gates_len()];
        clear_padding(&layout, gates);
        let [cell_before, cell] =
            disjoint_mut(&mut group.cells, layout.state_len(), [before, after]);
        let [hidden_before, hidden] =
            disjoint_mut(&mut group.hidden, layout.hidden_len(), [before, after]);
        for block in layout.blocks() {
            let rows = block.start * layout.size..block.end * layout.size;
            let wide = scale(&rows, layout.width());
            let narrow = scale(&rows, layout.filters);
            let state = &mut state[..wide.len()];
            if t == 0 {
                state.fill(0.0);
            } else {
                self.product.run(&layout, block.clone(), hidden_before, state);
            }
            gates::Forward {
                size: layout.size,
                filters: layout.filters,
                position: block.start,
                peephole: self.peephole,
                affine: self.affine,
                raw: &raw[wide.clone()],
                state,
                gates: &mut gates[layout.gates_start()..][wide],
                cell_before: &cell_before[narrow.clone()],
                cell: &mut cell[narrow.clone()],
                hidden: &mut hidden[layout.hidden_start()..][narrow],
            }
            .run();
        }
        sink.step(&layout, t, &hidden[layout.hidden_start()..][..layout.state_len()]);
    }
}

/// The elements of rows that are `width` wide.
pub(super) fn scale(rows: &Range<usize>, width: usize) -> Range<usize> {
    rows.start * width..rows.end * width
}

fn clear_padding<E: GemmScalar>(layout: &Layout, gates: &mut [E]) {
    let start = layout.gates_start();
    gates[..start].fill(E::default());
    gates[start + layout.pre_len()..].fill(E::default());
}

/// Two different parts of `len` elements of a buffer, by their indices.
fn disjoint_mut<T>(buffer: &mut [T], len: usize, [a, b]: [usize; 2]) -> [&mut [T]; 2] {
    if a < b {
        let (low, high) = buffer.split_at_mut(b * len);
        [&mut low[a * len..][..len], &mut high[..len]]
    } else {
        let (low, high) = buffer.split_at_mut(a * len);
        [&mut high[..len], &mut low[b * len..][..len]]
    }
}
