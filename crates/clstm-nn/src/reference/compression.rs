use burn::tensor::Tensor;

use crate::CompressionConfig;
use crate::config::{COMPRESSION_FLOOR, COMPRESSION_REFERENCE};

/// The waveform with its dynamic range compressed, see [`CompressionConfig`].
///
/// # Shapes
/// - `waveform` and output: `[batch, samples]`
#[must_use]
pub fn compression(waveform: Tensor<2>, config: CompressionConfig) -> Tensor<2> {
    let ([batch, samples], hop, device) = (waveform.dims(), config.hop, waveform.device());
    let hops = samples.div_ceil(hop);
    let padded = waveform.clone().pad((0, hops * hop - samples, 0, 0), 0.0_f32);
    let squares = padded.clone() * padded.clone(); // [B, N hop]
    let sums = squares.reshape([batch, hops, hop]).sum_dim(2).reshape([batch, hops]); // [B, N]
    let windows = sums.clone().pad((1, 0, 0, 0), 0.0_f32) + sums.pad((0, 1, 0, 0), 0.0_f32);
    let shares: Vec<f32> =
        (0..=hops).map(|k| 1.0 / config.window(k, samples).len() as f32).collect();
    let shares = Tensor::<1>::from_floats(shares.as_slice(), &device).unsqueeze();
    let level = (windows * shares + COMPRESSION_FLOOR).div_scalar(COMPRESSION_REFERENCE); // [B, N + 1]
    let gains = level.powf_scalar(-0.5 * config.ratio);
    let way: Vec<f32> = (0..hop).map(|i| i as f32 / hop as f32).collect();
    let way = Tensor::<1>::from_floats(way.as_slice(), &device).reshape([1, 1, hop]);
    let before = gains.clone().narrow(1, 0, hops).reshape([batch, hops, 1]);
    let behind = gains.narrow(1, 1, hops).reshape([batch, hops, 1]);
    let gains = before.clone() + (behind - before) * way; // [B, N, hop]
    (padded * gains.reshape([batch, hops * hop])).narrow(1, 0, samples)
}
