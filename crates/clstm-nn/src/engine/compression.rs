//! The levels of the waveform, evened.

use clstm_kernels::Buffer;

use crate::CompressionConfig;
use crate::reference::{FLOOR, REFERENCE};

/// [`reference::compression`](crate::reference::compression) of waveforms `x` `[batch, samples]`.
pub(super) fn compressed(config: CompressionConfig, batch: usize, x: &[f32]) -> Buffer {
    let samples = x.len() / batch;
    let hop = config.hop;
    let mut gains = Buffer::recycled(samples.div_ceil(hop) + 1);
    let mut y = Buffer::recycled(x.len());
    for (x, y) in x.chunks_exact(samples).zip(y.chunks_exact_mut(samples)) {
        for (k, gain) in gains.iter_mut().enumerate() {
            let window = &x[config.window(k, samples)];
            let square = window.iter().map(|x| x * x).sum::<f32>() / window.len() as f32;
            *gain = ((square + FLOOR) / REFERENCE).powf(-0.5 * config.ratio as f32);
        }
        let hops = x.chunks(hop).zip(y.chunks_mut(hop));
        for ((x, y), gains) in hops.zip(gains.windows(2)) {
            for (i, (x, y)) in x.iter().zip(y).enumerate() {
                let way = i as f32 / hop as f32;
                *y = x * (gains[0] + (gains[1] - gains[0]) * way);
            }
        }
    }
    y
}
