use burn::tensor::Tensor;

use crate::CompressionConfig;

/// Mean square that is left as it is: of speech at the front end's level, -20 dBFS.
pub(crate) const REFERENCE: f32 = 0.01;

/// Added to a mean square before it becomes a gain: 40 dB below [`REFERENCE`]. Silence and what little
/// noise a recording has between words are amplified no further.
pub(crate) const FLOOR: f32 = 1e-6;

/// The waveform with the differences of its level taken out in part, see [`CompressionConfig`].
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
    let level = (windows * shares + FLOOR).div_scalar(REFERENCE); // [B, N + 1]
    let gains = level.powf_scalar(-0.5 * config.ratio);
    let way: Vec<f32> = (0..hop).map(|i| i as f32 / hop as f32).collect();
    let way = Tensor::<1>::from_floats(way.as_slice(), &device).reshape([1, 1, hop]);
    let before = gains.clone().narrow(1, 0, hops).reshape([batch, hops, 1]);
    let behind = gains.narrow(1, 1, hops).reshape([batch, hops, 1]);
    let gains = before.clone() + (behind - before) * way; // [B, N, hop]
    (padded * gains.reshape([batch, hops * hop])).narrow(1, 0, samples)
}
