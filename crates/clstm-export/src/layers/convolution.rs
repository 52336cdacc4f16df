//! Convolutional blocks and what they share with others.

use clstm_nn::{ConvBlockConfig, ConvBlockSpec};

use crate::ExportError;
use crate::graph::{Attribute, GraphBuilder, Name};
use crate::weights::Weights;

/// [`clstm_nn::ConvBlock`]: `[windows, channels, time, length]` to `[windows, filters, steps, pooled]`.
///
/// # Errors
/// If a tensor is missing.
pub(super) fn block(
    graph: &mut GraphBuilder,
    x: &str,
    spec: &ConvBlockSpec,
    weights: &Weights<'_>,
) -> Result<Name, ExportError> {
    let ConvBlockConfig { filters, kernel_time, kernel_length, stride_time, pool } = spec.config;
    let (scale, shift) = weights.below("norm_pool").norm("beta")?;
    // From [kernel_time, kernel_length, channels, filters]; the norm is folded into the weights.
    let weight = weights.get("weight")?;
    let taps = kernel_time * kernel_length;
    let mut kernels = Vec::with_capacity(weight.len());
    for (filter, scale) in scale.iter().enumerate() {
        for channel in 0..spec.channels {
            for tap in 0..taps {
                let at = (tap * spec.channels + channel) * filters + filter;
                kernels.push(weight[at] * scale);
            }
        }
    }
    let shape = [filters, spec.channels, kernel_time, kernel_length];

    // Padding in time depends on the number of steps.
    let (zero, one) = (graph.ints(&[0]), graph.ints(&[1]));
    let (stride, kernel) = (graph.ints(&[stride_time as i64]), graph.ints(&[kernel_time as i64]));
    let time = graph.size(x, 2);
    let steps = graph.div_ceil(&time, &stride);
    let covered = graph.sub(&steps, &one);
    let covered = graph.mul(&covered, &stride);
    let covered = graph.add(&covered, &kernel);
    let padding = graph.sub(&covered, &time);
    let padding = graph.max(&padding, &zero);
    let two = graph.ints(&[2]);
    let above = graph.div(&padding, &two);
    let below = graph.sub(&padding, &above);
    let padded = graph.pad(x, &above, &below, 2, 4);
    let left = ((kernel_length - 1) / 2) as i64;
    let right = kernel_length as i64 - 1 - left;
    let attributes = [
        Attribute::Ints("strides", vec![stride_time as i64, 1]),
        Attribute::Ints("pads", vec![0, left, 0, right]),
    ];
    let y = graph.convolve(&padded, (&kernels, &shape), Some(&shift), &attributes);
    let y = max_pool(graph, &y, &[1, pool]);
    Ok(graph.unary("Relu", &y))
}

/// Max pooling whose last window may be partial.
pub(super) fn max_pool(graph: &mut GraphBuilder, x: &str, sizes: &[usize]) -> Name {
    if sizes.iter().all(|&size| size == 1) {
        return x.to_owned();
    }
    let sizes: Vec<i64> = sizes.iter().map(|&size| size as i64).collect();
    let attributes = [
        Attribute::Ints("kernel_shape", sizes.clone()),
        Attribute::Ints("strides", sizes),
        Attribute::Int("ceil_mode", 1),
    ];
    graph.node("MaxPool", &[x], &attributes)
}

/// Attributes of a convolution along the length whose output has `ceil(length / stride)` positions, with the smaller half of
/// the padding before.
pub(super) fn along_length(kernel: usize, stride: usize, length: usize) -> [Attribute; 2] {
    let positions = length.div_ceil(stride);
    let padding = ((positions - 1) * stride + kernel).saturating_sub(length) as i64;
    [
        Attribute::Ints("strides", vec![stride as i64]),
        Attribute::Ints("pads", vec![padding / 2, padding - padding / 2]),
    ]
}
