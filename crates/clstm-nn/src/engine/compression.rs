//! Compression of the waveform's dynamic range.

use clstm_kernels::Buffer;

use super::layer::Layer;
use crate::CompressionConfig;
use crate::config::{COMPRESSION_FLOOR, COMPRESSION_REFERENCE};

/// [`reference::compression`](crate::reference::compression).
#[derive(Debug)]
pub(super) struct Compression(pub(super) CompressionConfig);

impl Layer for Compression {
    /// From waveforms `x` `[batch, samples]` to waveforms.
    fn forward(&self, batch: usize, time: usize, x: &[f32]) -> (Buffer, usize) {
        let (config, samples) = (self.0, x.len() / batch);
        let hop = config.hop;
        let mut gains = Buffer::recycled(samples.div_ceil(hop) + 1);
        let mut y = Buffer::recycled(x.len());
        for (x, y) in x.chunks_exact(samples).zip(y.chunks_exact_mut(samples)) {
            for (k, gain) in gains.iter_mut().enumerate() {
                let window = &x[config.window(k, samples)];
                let square = window.iter().map(|x| x * x).sum::<f32>() / window.len() as f32;
                let level = (square + COMPRESSION_FLOOR) / COMPRESSION_REFERENCE;
                *gain = level.powf(-0.5 * config.ratio as f32);
            }
            let hops = x.chunks(hop).zip(y.chunks_mut(hop));
            for ((x, y), gains) in hops.zip(gains.windows(2)) {
                for (i, (x, y)) in x.iter().zip(y).enumerate() {
                    let way = i as f32 / hop as f32;
                    *y = x * (gains[0] + (gains[1] - gains[0]) * way);
                }
            }
        }
        (y, time)
    }
}
