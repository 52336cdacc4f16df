//! Local feature learning blocks: the ConvLSTM is a `Scan` over the time steps.

use clstm_nn::{LflbConfig, LflbSpec};

use super::Activations;
use super::convolution::{along_length, max_pool};
use crate::ExportError;
use crate::graph::{Attribute, Dimension, ElementType, GraphBuilder, Name, Value};
use crate::weights::{Weights, scale_rows};

/// [`clstm_nn::Lflb`]: `[time * windows, channels, length]` to `[time * windows, filters, pooled]`.
///
/// # Errors
/// If a tensor is missing.
pub(super) fn block(
    graph: &mut GraphBuilder,
    x: &str,
    windows: &str,
    spec: &LflbSpec,
    weights: &Weights<'_>,
) -> Result<Activations, ExportError> {
    let LflbConfig { filters, stride, pool, .. } = spec.conv_lstm.block;
    let (channels, length) = (spec.conv_lstm.channels, spec.conv_lstm.length);
    let positions = length.div_ceil(stride);
    let hidden = conv_lstm(graph, x, windows, spec, &weights.below("conv_lstm"))?;
    let (scale, shift) = weights.below("norm_pool").norm("beta")?;
    let normal = graph.affine(&hidden, (&scale, &shift), &[1, filters, 1]);
    let mut y = max_pool(graph, &normal, &[pool]);
    if spec.skip {
        let pooled = max_pool(graph, x, &[stride * pool]);
        // From [channels, filters].
        let weight = weights.get("skip.weight")?;
        let columns = (0..filters).flat_map(|filter| {
            (0..channels).map(move |channel| weight[channel * filters + filter])
        });
        let columns: Vec<f32> = columns.collect();
        let weight = (&columns[..], &[filters, channels, 1][..]);
        let skipped = graph.convolve(&pooled, weight, None, &[]);
        y = graph.add(&y, &skipped);
    }
    Ok(Activations::Steps(y, [filters, positions.div_ceil(pool)]))
}

/// Hidden states `[time * windows, filters, positions]` (Eq. 2-7); gates in the order i, f, g, o.
fn conv_lstm(
    graph: &mut GraphBuilder,
    x: &str,
    windows: &str,
    spec: &LflbSpec,
    weights: &Weights<'_>,
) -> Result<Name, ExportError> {
    let LflbConfig { filters, kernel_input, kernel_state, stride, input_norm, .. } =
        spec.conv_lstm.block;
    let (channels, length) = (spec.conv_lstm.channels, spec.conv_lstm.length);
    let positions = length.div_ceil(stride);
    // The norm of the input-to-state term is folded into its weights.
    let (weight, bias) = match input_norm {
        true => {
            let (scale, shift) = weights.norm("bias")?;
            (scale_rows(weights.get("w_x")?, &scale), shift)
        }
        false => (weights.get("w_x")?.to_vec(), weights.get("bias")?.to_vec()),
    };
    let weight = (&weight[..], &[4 * filters, channels, kernel_input][..]);
    let attributes = along_length(kernel_input, stride, length);
    let inputs = graph.convolve(x, weight, Some(&bias), &attributes);
    let inputs = graph.reshape_steps(&inputs, windows, &[4 * filters, positions]);

    let rest = graph.ints(&[filters as i64, positions as i64]);
    let shape = graph.concat(&[windows, &rest], 0);
    let zeros = graph.node("ConstantOfShape", &[&shape], &[]);
    let weight = (weights.get("w_h")?, &[4 * filters, filters, kernel_state][..]);
    let peepholes: Option<Vec<Name>> = weights.find("peephole").map(|peephole| {
        let size = peephole.len() / 3;
        let gates = peephole.chunks(size);
        gates.map(|gate| graph.floats(gate, &[filters, size / filters])).collect()
    });

    let gates =
        [Dimension::Dynamic("windows"), Dimension::Fixed(4 * filters), Dimension::Fixed(positions)];
    let state =
        [Dimension::Dynamic("windows"), Dimension::Fixed(filters), Dimension::Fixed(positions)];
    let value = |name: &str, shape: &[Dimension]| Value::new(name, ElementType::Float, shape);
    let (h, c, input) = (graph.name("h"), graph.name("c"), graph.name("input"));
    graph.open();
    let recurrent = graph.convolve(&h, weight, None, &along_length(kernel_state, 1, positions));
    let sum = graph.add(&recurrent, &input);
    let parts = graph.ints(&[filters as i64; 4]);
    let parts = graph.nodes("Split", &[&sum, &parts], &[Attribute::Int("axis", 1)], 4);
    let peep = |graph: &mut GraphBuilder, gate: &str, index: usize, state: &str| match &peepholes {
        Some(weights) => {
            let share = graph.mul(state, &weights[index]);
            graph.add(gate, &share)
        }
        None => gate.to_owned(),
    };
    let i = peep(graph, &parts[0], 0, &c);
    let f = peep(graph, &parts[1], 1, &c);
    let (i, f) = (graph.unary("Sigmoid", &i), graph.unary("Sigmoid", &f));
    let g = graph.unary("Tanh", &parts[2]);
    let (kept, new) = (graph.mul(&f, &c), graph.mul(&i, &g));
    let next_c = graph.add(&kept, &new);
    let o = peep(graph, &parts[3], 2, &next_c);
    let o = graph.unary("Sigmoid", &o);
    let squashed = graph.unary("Tanh", &next_c);
    let next_h = graph.mul(&o, &squashed);
    let hidden = graph.unary("Identity", &next_h);
    let body = graph.close(
        &[value(&h, &state), value(&c, &state), value(&input, &gates)],
        &[value(&next_h, &state), value(&next_c, &state), value(&hidden, &state)],
    );
    let attributes = [Attribute::Graph("body", body), Attribute::Int("num_scan_inputs", 1)];
    let outputs = graph.nodes("Scan", &[&zeros, &zeros, &inputs], &attributes, 3);
    Ok(graph.reshape(&outputs[2], &[-1, filters as i64, positions as i64]))
}
