//! Pooling of hidden states where they lie, and the gradients back.

use rayon::prelude::*;

use super::LflbShape;
use crate::Buffer;
use crate::activation::vectorized;
use crate::conv_lstm::group::{GradSource, Group, Layout, OutputSink, group_ranges, split};
use crate::conv_lstm::norm::Moments;
use crate::gemm::GemmScalar;
use crate::lanes::{Lanes, load, over_channels, store};
use crate::norm_pool::pool::{Affine, Window};

/// Takes the moments of the states.
pub(super) struct StatsSink {
    pub(super) moments: Moments,
}

impl<E: GemmScalar> OutputSink<E> for StatsSink {
    fn step(&mut self, _: &Layout, _: usize, hidden: &[E]) {
        self.moments.add(hidden);
    }
}

/// Normalises by known statistics and pools.
pub(super) struct PoolSink<'a> {
    pub(super) shape: &'a LflbShape,
    pub(super) affine: &'a Affine,
    /// The group's `[G, T, Q, H]`.
    pub(super) y: &'a mut [f32],
}

impl<E: GemmScalar> OutputSink<E> for PoolSink<'_> {
    fn step(&mut self, layout: &Layout, t: usize, hidden: &[E]) {
        pool_step::<E, false>(
            self.shape,
            layout,
            self.affine,
            t,
            hidden,
            [self.y, &mut []],
            &mut [],
        );
    }
}

/// What the backward pass wants to know of each window, `[B, T, Q, H]`.
pub(super) struct SavedArgmax {
    /// The winning states.
    pub(super) max_values: Buffer,
    /// Their argmax within their windows; empty where nothing is pooled.
    pub(super) argmax: Buffer<u16>,
}

impl SavedArgmax {
    pub(super) fn new(shape: &LflbShape) -> Self {
        let len = shape.conv_lstm.batch * shape.utterance();
        Self { max_values: Buffer::recycled(len), argmax: Buffer::recycled(len) }
    }
}

/// Pools all steps of all groups into `y` `[B, T, Q, H]`.
pub(super) fn pool_groups<E: GemmScalar>(
    shape: &LflbShape,
    groups: &[Group<E>],
    affine: &Affine,
    y: &mut [f32],
    kept: Option<SavedArgmax>,
) -> Option<SavedArgmax> {
    let ranges = group_ranges(shape.conv_lstm.batch);
    let len = shape.utterance();
    let parts = split(y, &ranges, len);
    let Some(mut kept) = kept else {
        groups.par_iter().zip(parts).for_each(|(group, y)| {
            for (t, hidden) in steps(group) {
                let to = [&mut *y, &mut []];
                pool_step::<E, false>(shape, &group.layout, affine, t, hidden, to, &mut []);
            }
        });
        return None;
    };
    let max_values = split(&mut kept.max_values, &ranges, len);
    let argmax = split(&mut kept.argmax, &ranges, len);
    groups.par_iter().zip(parts).zip(max_values.into_par_iter().zip(argmax)).for_each(
        |((group, y), (max_values, argmax))| {
            for (t, hidden) in steps(group) {
                let to = [&mut *y, &mut *max_values];
                pool_step::<E, true>(shape, &group.layout, affine, t, hidden, to, argmax);
            }
        },
    );
    Some(kept)
}

/// Each step and its hidden states `[P, G, H]`.
fn steps<E: GemmScalar>(group: &Group<E>) -> impl Iterator<Item = (usize, &[E])> {
    let layout = &group.layout;
    let states = group.hidden.chunks_exact(layout.hidden_len()).skip(1);
    states.map(|h| &h[layout.hidden_start()..][..layout.state_len()]).enumerate()
}

/// Step `t` `[P, G, H]` to its argmax in `[G, T, Q, H]`.
fn pool_step<E: GemmScalar, const KEEP: bool>(
    shape: &LflbShape,
    layout: &Layout,
    affine: &Affine,
    t: usize,
    hidden: &[E],
    [y, max_values]: [&mut [f32]; 2],
    argmax: &mut [u16],
) {
    let (size, h, pooled) = (layout.size, layout.filters, shape.pooled());
    let stride = size * h;
    let time = shape.conv_lstm.time;
    vectorized(
        #[inline(always)]
        || {
            for q in 0..pooled {
                let window = q * shape.pool * stride;
                let end = ((q + 1) * shape.pool * stride).min(hidden.len());
                for g in 0..size {
                    let at = ((g * time + t) * pooled + q) * h;
                    let kept = if KEEP { at..at + h } else { 0..0 };
                    // From the utterance's row of the first position to that of the last.
                    let rows = &hidden[window + g * h..end - (size - 1 - g) * h];
                    let mut window = Window::<E, KEEP> {
                        h: rows,
                        stride,
                        affine,
                        y: &mut y[at..at + h],
                        values: &mut max_values[kept.clone()],
                        argmax: &mut argmax[kept],
                    };
                    over_channels(h, &mut window);
                }
            }
        },
    );
}

/// `d = gain dy (max_values only) + tilt (h - mean) + offset`, by channel.
pub(super) struct Slope<'a> {
    pub(super) mean: &'a [f32],
    pub(super) gain: Vec<f32>,
    pub(super) offset: Vec<f32>,
    pub(super) tilt: Vec<f32>,
}

/// Gradients of the states of a group from those of its pooled output `[G, T, Q, H]`.
pub(super) struct PooledGradients<'a> {
    pub(super) shape: &'a LflbShape,
    pub(super) slope: &'a Slope<'a>,
    pub(super) dy: &'a [f32],
    /// Empty where nothing is pooled.
    pub(super) argmax: &'a [u16],
}

impl<E: GemmScalar> GradSource<E> for PooledGradients<'_> {
    fn add(&self, layout: &Layout, [t, position]: [usize; 2], hidden: &[E], d: &mut [f32]) {
        let (size, h, pool) = (layout.size, layout.filters, self.shape.pool);
        let (pooled, time) = (self.shape.pooled(), self.shape.conv_lstm.time);
        vectorized(
            #[inline(always)]
            || {
                let rows = hidden.chunks_exact(h).zip(d.chunks_exact_mut(h)).enumerate();
                for (row, (hidden, d)) in rows {
                    let (p, g) = (position + row / size, row % size);
                    let at = ((g * time + t) * pooled + p / pool) * h;
                    let argmax = if pool > 1 { &self.argmax[at..at + h] } else { &[] };
                    let mut row = Row {
                        slope: self.slope,
                        hidden,
                        dy: &self.dy[at..at + h],
                        argmax,
                        place: (p % pool) as u16,
                        d,
                    };
                    over_channels(h, &mut row);
                }
            },
        );
    }
}

struct Row<'a, E> {
    slope: &'a Slope<'a>,
    hidden: &'a [E],
    dy: &'a [f32],
    argmax: &'a [u16],
    place: u16,
    d: &'a mut [f32],
}

impl<E: GemmScalar> Lanes for Row<'_, E> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.slope.mean, c);
        let tilt: [f32; L] = load(&self.slope.tilt, c);
        let offset: [f32; L] = load(&self.slope.offset, c);
        let gain: [f32; L] = load(&self.slope.gain, c);
        let hidden: [E; L] = load(self.hidden, c);
        let dy: [f32; L] = load(self.dy, c);
        let mut d: [f32; L] = load(self.d, c);
        if self.argmax.is_empty() {
            for l in 0..L {
                d[l] += dy[l] * gain[l];
            }
        } else {
            let argmax: [u16; L] = load(self.argmax, c);
            for l in 0..L {
                d[l] += if argmax[l] == self.place { dy[l] * gain[l] } else { 0.0 };
            }
        }
        for l in 0..L {
            d[l] += (hidden[l].to_f32() - mean[l]) * tilt[l] + offset[l];
        }
        store(d, self.d, c);
    }
}
