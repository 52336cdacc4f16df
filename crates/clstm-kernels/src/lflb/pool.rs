//! Pooling of hidden states where they lie, and the gradients back.

use rayon::prelude::*;

use super::Shape;
use crate::Buffer;
use crate::activation::vectorised;
use crate::conv_lstm::group::{Group, Layout, Sink, Source, group_ranges, split};
use crate::conv_lstm::norm::Moments;
use crate::lanes::{Lanes, load, over_channels, store};
use crate::norm_pool::pool::{Affine, Window};
use crate::panel::Element;

/// Takes the moments of the states.
pub(super) struct Collect {
    pub(super) moments: Moments,
}

impl<E: Element> Sink<E> for Collect {
    fn step(&mut self, _: &Layout, _: usize, hidden: &[E]) {
        self.moments.add(hidden);
    }
}

/// Normalises by known statistics and pools.
pub(super) struct PoolNow<'a> {
    pub(super) shape: &'a Shape,
    pub(super) affine: &'a Affine<'a>,
    /// The group's `[G, T, Q, H]`.
    pub(super) y: &'a mut [f32],
}

impl<E: Element> Sink<E> for PoolNow<'_> {
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
pub(super) struct Kept {
    /// The winning states.
    pub(super) winners: Buffer,
    /// Their places within their windows; empty where nothing is pooled.
    pub(super) places: Buffer<u16>,
}

impl Kept {
    pub(super) fn new(shape: &Shape) -> Self {
        let len = shape.conv_lstm.batch * shape.utterance();
        Self { winners: Buffer::any(len), places: Buffer::any(len) }
    }
}

/// Pools all steps of all groups into `y` `[B, T, Q, H]`.
pub(super) fn pool_groups<E: Element>(
    shape: &Shape,
    groups: &[Group<E>],
    affine: &Affine<'_>,
    y: &mut [f32],
    kept: Option<Kept>,
) -> Option<Kept> {
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
    let winners = split(&mut kept.winners, &ranges, len);
    let places = split(&mut kept.places, &ranges, len);
    groups.par_iter().zip(parts).zip(winners.into_par_iter().zip(places)).for_each(
        |((group, y), (winners, places))| {
            for (t, hidden) in steps(group) {
                let to = [&mut *y, &mut *winners];
                pool_step::<E, true>(shape, &group.layout, affine, t, hidden, to, places);
            }
        },
    );
    Some(kept)
}

/// Each step and its hidden states `[P, G, H]`.
fn steps<E: Element>(group: &Group<E>) -> impl Iterator<Item = (usize, &[E])> {
    let layout = &group.layout;
    let states = group.hidden.chunks_exact(layout.hidden_len()).skip(1);
    states.map(|h| &h[layout.hidden_start()..][..layout.state_len()]).enumerate()
}

/// Step `t` `[P, G, H]` to its places in `[G, T, Q, H]`.
fn pool_step<E: Element, const KEEP: bool>(
    shape: &Shape,
    layout: &Layout,
    affine: &Affine<'_>,
    t: usize,
    hidden: &[E],
    [y, winners]: [&mut [f32]; 2],
    places: &mut [u16],
) {
    let (size, h, pooled) = (layout.size, layout.filters, shape.pooled());
    let stride = size * h;
    let time = shape.conv_lstm.time;
    vectorised(
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
                        values: &mut winners[kept.clone()],
                        places: &mut places[kept],
                    };
                    over_channels(h, &mut window);
                }
            }
        },
    );
}

/// `d = gain dy (winners only) + tilt (h - mean) + offset`, by channel.
pub(super) struct Slope<'a> {
    pub(super) mean: &'a [f32],
    pub(super) gain: Vec<f32>,
    pub(super) offset: Vec<f32>,
    pub(super) tilt: Vec<f32>,
}

/// Gradients of the states of a group from those of its pooled output `[G, T, Q, H]`.
pub(super) struct PooledGradients<'a> {
    pub(super) shape: &'a Shape,
    pub(super) slope: &'a Slope<'a>,
    pub(super) dy: &'a [f32],
    /// Empty where nothing is pooled.
    pub(super) places: &'a [u16],
}

impl<E: Element> Source<E> for PooledGradients<'_> {
    fn add(&self, layout: &Layout, [t, position]: [usize; 2], hidden: &[E], d: &mut [f32]) {
        let (size, h, pool) = (layout.size, layout.filters, self.shape.pool);
        let (pooled, time) = (self.shape.pooled(), self.shape.conv_lstm.time);
        vectorised(
            #[inline(always)]
            || {
                let rows = hidden.chunks_exact(h).zip(d.chunks_exact_mut(h)).enumerate();
                for (row, (hidden, d)) in rows {
                    let (p, g) = (position + row / size, row % size);
                    let at = ((g * time + t) * pooled + p / pool) * h;
                    let places = if pool > 1 { &self.places[at..at + h] } else { &[] };
                    let mut row = Row {
                        slope: self.slope,
                        hidden,
                        dy: &self.dy[at..at + h],
                        places,
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
    places: &'a [u16],
    place: u16,
    d: &'a mut [f32],
}

impl<E: Element> Lanes for Row<'_, E> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, c: usize) {
        let mean: [f32; L] = load(self.slope.mean, c);
        let tilt: [f32; L] = load(&self.slope.tilt, c);
        let offset: [f32; L] = load(&self.slope.offset, c);
        let gain: [f32; L] = load(&self.slope.gain, c);
        let hidden: [E; L] = load(self.hidden, c);
        let dy: [f32; L] = load(self.dy, c);
        let mut d: [f32; L] = load(self.d, c);
        if self.places.is_empty() {
            for l in 0..L {
                d[l] += dy[l] * gain[l];
            }
        } else {
            let places: [u16; L] = load(self.places, c);
            for l in 0..L {
                d[l] += if places[l] == self.place { dy[l] * gain[l] } else { 0.0 };
            }
        }
        for l in 0..L {
            d[l] += (hidden[l].to_f32() - mean[l]) * tilt[l] + offset[l];
        }
        store(d, self.d, c);
    }
}
