//! Pooling of hidden states in place, and their gradients from those of the pooled output.

use rayon::prelude::*;

use super::LflbShape;
use crate::Buffer;
use crate::batch_norm::{BnGradCoeffs, MomentAccumulator};
use crate::conv_lstm::group::{GradSource, Group, Layout, OutputSink, group_ranges, split};
use crate::gemm::GemmScalar;
use crate::max_pool::{PooledAffine, Window};
use crate::simd::lanes::{Lanes, load, over_channels, store};
use crate::simd::vectorized;

/// Takes the moments of the states.
pub(super) struct StatsSink {
    pub(super) moments: MomentAccumulator,
}

impl<E: GemmScalar> OutputSink<E> for StatsSink {
    fn step(&mut self, _: &Layout, _: usize, hidden: &[E]) {
        self.moments.add(hidden);
    }
}

/// Normalises by known statistics and pools.
pub(super) struct PoolSink<'a> {
    pub(super) shape: &'a LflbShape,
    pub(super) map: &'a PooledAffine,
    /// The group's `[G, T, Q, H]`.
    pub(super) y: &'a mut [f32],
}

impl<E: GemmScalar> OutputSink<E> for PoolSink<'_> {
    fn step(&mut self, layout: &Layout, t: usize, hidden: &[E]) {
        let Self { shape, map, y } = self;
        pool_step::<E, false>(shape, layout, map, t, hidden, [&mut **y, &mut []], &mut []);
    }
}

/// What the backward pass needs of each window, `[B, T, Q, H]`.
pub(super) struct SavedArgmax {
    /// The states that gave the maxima.
    pub(super) max_values: Buffer,
    /// Their positions within their windows.
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
    map: &PooledAffine,
    y: &mut [f32],
    saved: Option<SavedArgmax>,
) -> Option<SavedArgmax> {
    let ranges = group_ranges(shape.conv_lstm.batch);
    let len = shape.utterance();
    let parts = split(y, &ranges, len);
    let Some(mut saved) = saved else {
        groups.par_iter().zip(parts).for_each(|(group, y)| {
            for (t, hidden) in steps(group) {
                let to = [&mut *y, &mut []];
                pool_step::<E, false>(shape, &group.layout, map, t, hidden, to, &mut []);
            }
        });
        return None;
    };
    let max_values = split(&mut saved.max_values, &ranges, len);
    let argmax = split(&mut saved.argmax, &ranges, len);
    groups.par_iter().zip(parts).zip(max_values.into_par_iter().zip(argmax)).for_each(
        |((group, y), (max_values, argmax))| {
            for (t, hidden) in steps(group) {
                let to = [&mut *y, &mut *max_values];
                pool_step::<E, true>(shape, &group.layout, map, t, hidden, to, argmax);
            }
        },
    );
    Some(saved)
}

/// Each step and its hidden states `[P, G, H]`.
fn steps<E: GemmScalar>(group: &Group<E>) -> impl Iterator<Item = (usize, &[E])> {
    let layout = &group.layout;
    let states = group.hidden.chunks_exact(layout.hidden_len()).skip(1);
    states.map(|h| &h[layout.hidden_start()..][..layout.state_len()]).enumerate()
}

/// Pools step `t` `[P, G, H]` into its part of `[G, T, Q, H]`.
fn pool_step<E: GemmScalar, const KEEP: bool>(
    shape: &LflbShape,
    layout: &Layout,
    map: &PooledAffine,
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
                let start = q * shape.pool * stride;
                let end = ((q + 1) * shape.pool * stride).min(hidden.len());
                for g in 0..size {
                    let at = ((g * time + t) * pooled + q) * h;
                    let saved = if KEEP { at..at + h } else { 0..0 };
                    let mut window = Window::<E, KEEP> {
                        // From the utterance's row of the first position to that of the last.
                        x: &hidden[start + g * h..end - (size - 1 - g) * h],
                        stride,
                        map,
                        y: &mut y[at..at + h],
                        max_values: &mut max_values[saved.clone()],
                        argmax: &mut argmax[saved],
                    };
                    over_channels(h, &mut window);
                }
            }
        },
    );
}

/// Gradients of a group's states from those of its pooled output `[G, T, Q, H]`.
pub(super) struct PooledGradSource<'a> {
    pub(super) shape: &'a LflbShape,
    pub(super) coeffs: &'a BnGradCoeffs<'a>,
    pub(super) dy: &'a [f32],
    /// Empty without pooling.
    pub(super) argmax: &'a [u16],
}

impl<E: GemmScalar> GradSource<E> for PooledGradSource<'_> {
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
                        coeffs: self.coeffs,
                        hidden,
                        dy: &self.dy[at..at + h],
                        argmax,
                        position: (p % pool) as u16,
                        d,
                    };
                    over_channels(h, &mut row);
                }
            },
        );
    }
}

/// The states of one position of an utterance.
struct Row<'a, E> {
    coeffs: &'a BnGradCoeffs<'a>,
    hidden: &'a [E],
    dy: &'a [f32],
    /// Empty without pooling.
    argmax: &'a [u16],
    /// Within the window.
    position: u16,
    d: &'a mut [f32],
}

impl<E: GemmScalar> Lanes for Row<'_, E> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.coeffs.mean, c);
        let x_coeff: [f32; L] = load(&self.coeffs.x_coeff, c);
        let constant: [f32; L] = load(&self.coeffs.constant, c);
        let scale: [f32; L] = load(&self.coeffs.scale, c);
        let hidden: [E; L] = load(self.hidden, c);
        let dy: [f32; L] = load(self.dy, c);
        let mut d: [f32; L] = load(self.d, c);
        if self.argmax.is_empty() {
            for l in 0..L {
                d[l] += dy[l] * scale[l];
            }
        } else {
            let argmax: [u16; L] = load(self.argmax, c);
            for l in 0..L {
                d[l] += if argmax[l] == self.position { dy[l] * scale[l] } else { 0.0 };
            }
        }
        for l in 0..L {
            d[l] += (hidden[l].to_f32() - mean[l]) * x_coeff[l] + constant[l];
        }
        store(d, self.d, c);
    }
}
