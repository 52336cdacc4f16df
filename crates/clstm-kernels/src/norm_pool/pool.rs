//! The second read of the input: find the maximum of each window and map it, channel by channel.

use rayon::prelude::*;

use super::NormPoolShape;
use crate::max_pool::{PooledAffine, Window};
use crate::simd::lanes::over_channels;
use crate::simd::vectorized;
use crate::threads;

/// What the backward pass needs of each window, `[rows, pooled, channels]`.
pub(super) struct SavedArgmax<'a> {
    /// The input that gave the maximum.
    pub(super) max_values: &'a mut [f32],
    /// Its position within the window.
    pub(super) argmax: &'a mut [u16],
}

/// Fills `y`, and `saved` if given.
pub(super) fn run(
    shape: &NormPoolShape,
    h: &[f32],
    map: &PooledAffine,
    y: &mut [f32],
    saved: Option<SavedArgmax<'_>>,
) {
    let rows = shape.rows_per_task();
    let (input, output) = (rows * shape.row(), rows * shape.pooled_row());
    let tasks = h.par_chunks(input).zip(y.par_chunks_mut(output));
    match saved {
        None => threads::for_each(tasks, |(h, y)| {
            pool_rows::<false>(shape, h, map, y, &mut [], &mut []);
        }),
        Some(SavedArgmax { max_values, argmax }) => tasks
            .zip(max_values.par_chunks_mut(output).zip(argmax.par_chunks_mut(output)))
            .for_each(|((h, y), (v, p))| pool_rows::<true>(shape, h, map, y, v, p)),
    }
}

fn pool_rows<const KEEP: bool>(
    shape: &NormPoolShape,
    h: &[f32],
    map: &PooledAffine,
    y: &mut [f32],
    max_values: &mut [f32],
    argmax: &mut [u16],
) {
    let channels = shape.channels;
    vectorized(
        #[inline(always)]
        || {
            let mut at = 0;
            for h in h.chunks_exact(shape.row()) {
                for x in h.chunks(shape.pool.saturating_mul(channels)) {
                    let saved = if KEEP { at..at + channels } else { 0..0 };
                    let mut window = Window::<f32, KEEP> {
                        x,
                        stride: channels,
                        map,
                        y: &mut y[at..at + channels],
                        max_values: &mut max_values[saved.clone()],
                        argmax: &mut argmax[saved],
                    };
                    over_channels(channels, &mut window);
                    at += channels;
                }
            }
        },
    );
}
