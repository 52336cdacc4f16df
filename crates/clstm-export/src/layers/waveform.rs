//! Layers on the waveform: compression and filterbank.

use clstm_nn::{
    COMPRESSION_FLOOR, COMPRESSION_REFERENCE, CompressionConfig, FilterbankConfig, FilterbankSpec,
};

use crate::ExportError;
use crate::graph::{Attribute, ElementType, GraphBuilder, Name};
use crate::weights::Weights;

/// [`clstm_nn::reference::compression`]: `[windows, samples]` to the same.
pub(super) fn compression(graph: &mut GraphBuilder, x: &str, config: &CompressionConfig) -> Name {
    let (zero, one) = (graph.int(0), graph.int(1));
    let (no_rows, one_row) = (graph.ints(&[0]), graph.ints(&[1]));
    let hop = graph.int(config.hop);
    let samples = graph.size(x, 1);
    let samples = graph.reshape(&samples, &[]);
    let hops = graph.div_ceil(&samples, &hop);
    let whole = graph.mul(&hops, &hop);
    let missing = graph.sub(&whole, &samples);
    let missing = graph.vector(&missing);
    let padded = graph.pad(x, &no_rows, &missing, 1, 2);
    let by_hop = graph.reshape(&padded, &[0, -1, config.hop as i64]);
    let squares = graph.mul(&by_hop, &by_hop);
    let sums = graph.sum(&squares, 2, false);
    // The k-th level is that of the hops before and behind.
    let before = graph.pad(&sums, &one_row, &no_rows, 1, 2);
    let behind = graph.pad(&sums, &no_rows, &one_row, 1, 2);
    let sums = graph.add(&before, &behind);
    let levels = graph.add(&hops, &one);
    let levels = graph.range(&levels);
    let middles = graph.mul(&levels, &hop);
    let starts = graph.sub(&middles, &hop);
    let starts = graph.max(&starts, &zero);
    let ends = graph.add(&middles, &hop);
    let ends = graph.min(&ends, &samples);
    let counts = graph.sub(&ends, &starts);
    let counts = graph.cast(&counts, ElementType::Float);
    let squares = graph.div(&sums, &counts);
    let (floor, reference) = (graph.float(COMPRESSION_FLOOR), graph.float(COMPRESSION_REFERENCE));
    let exponent = graph.float((-0.5 * config.ratio) as f32);
    let level = graph.add(&squares, &floor);
    let level = graph.div(&level, &reference);
    let gains = graph.node("Pow", &[&level, &exponent], &[]);
    // Between hops they are interpolated.
    let (hops_end, levels_end) = (graph.vector(&hops), graph.ints(&[i64::MAX]));
    let first = graph.slice(&gains, &no_rows, &hops_end, 1);
    let next = graph.slice(&gains, &one_row, &levels_end, 1);
    let axes = graph.ints(&[2]);
    let first = graph.node("Unsqueeze", &[&first, &axes], &[]);
    let next = graph.node("Unsqueeze", &[&next, &axes], &[]);
    let way: Vec<f32> = (0..config.hop).map(|i| i as f32 / config.hop as f32).collect();
    let way = graph.floats(&way, &[1, 1, config.hop]);
    let change = graph.sub(&next, &first);
    let change = graph.mul(&change, &way);
    let gains = graph.add(&first, &change);
    let compressed = graph.mul(&by_hop, &gains);
    let compressed = graph.reshape(&compressed, &[0, -1]);
    let samples = graph.vector(&samples);
    graph.slice(&compressed, &no_rows, &samples, 1)
}

/// [`clstm_nn::Filterbank`]: `[windows, samples]` to `[windows, 1, frames, bands]`.
///
/// # Errors
/// If a tensor is missing.
pub(super) fn filterbank(
    graph: &mut GraphBuilder,
    x: &str,
    spec: &FilterbankSpec,
    weights: &Weights<'_>,
) -> Result<Name, ExportError> {
    let FilterbankConfig { filters, kernel, stride, pool, mean_normalize, .. } = spec.config;
    let taps = spec.tap_values(weights.get("center")?, weights.get("width")?);
    let axes = graph.ints(&[1]);
    let x = graph.node("Unsqueeze", &[x, &axes], &[]);
    // Time steps are whole numbers of frames, so that the padding does not depend on the number of samples.
    let padding = kernel.saturating_sub(stride);
    let (before, behind) = (padding / 2, padding - padding / 2);
    let taps = graph.floats(&taps, &[2 * filters, 1, kernel]);
    let outputs = graph.node(
        "Conv",
        &[&x, &taps],
        &[
            Attribute::Ints("strides", vec![stride as i64]),
            Attribute::Ints("pads", vec![before as i64, behind as i64]),
        ],
    );
    let squares = graph.mul(&outputs, &outputs);
    let parts = graph.reshape(&squares, &[0, 2, filters as i64, -1]);
    let moduli = graph.sum(&parts, 1, false);
    let size = vec![pool as i64];
    let energies = graph.node(
        "AveragePool",
        &[&moduli],
        &[Attribute::Ints("kernel_shape", size.clone()), Attribute::Ints("strides", size)],
    );
    let floor: Vec<f32> = weights.get("floor")?.iter().map(|floor| floor.exp()).collect();
    let floor = graph.floats(&floor, &[1, filters, 1]);
    let bands = graph.add(&energies, &floor);
    let mut bands = graph.unary("Log", &bands);
    if mean_normalize {
        let mean = graph.mean(&energies, 2, true);
        let mean = graph.add(&mean, &floor);
        let mean = graph.unary("Log", &mean);
        bands = graph.sub(&bands, &mean);
    }
    let (scale, shift) = weights.below("norm").norm("beta")?;
    let bands = graph.affine(&bands, (&scale, &shift), &[1, filters, 1]);
    let bands = graph.transpose(&bands, &[0, 2, 1]);
    let axes = graph.ints(&[1]);
    Ok(graph.node("Unsqueeze", &[&bands, &axes], &[]))
}
