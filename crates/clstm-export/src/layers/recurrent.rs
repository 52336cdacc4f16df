//! Bidirectional recurrent layers over the time steps.

use clstm_nn::{BiGruConfig, BiLstmConfig, Reset};

use crate::ExportError;
use crate::graph::{Attribute, GraphBuilder, Name};
use crate::weights::{Weights, reorder};

/// Weights of both directions: input, recurrent, biases.
type Directions = [Vec<f32>; 3];

/// [`clstm_nn::BiGru`]: `[time, windows, features]` to `[time, windows, 2 hidden]`.
///
/// # Errors
/// If a tensor is missing.
pub(super) fn gru(
    graph: &mut GraphBuilder,
    x: &str,
    config: &BiGruConfig,
    weights: &Weights<'_>,
) -> Result<Name, ExportError> {
    let hidden = config.hidden;
    // The operator's update gate is one minus ours; the gates are z, r, n in both.
    let turn = |values: &[f32]| reorder(values, &[0, 1, 2], &[-1.0, 1.0, 1.0]);
    let mut both = Directions::default();
    for direction in ["fwd", "bwd"] {
        let weights = weights.below(direction);
        both[0].extend(turn(weights.get("w")?));
        both[1].extend(turn(weights.get("u")?));
        both[2].extend(turn(weights.get("b")?));
        both[2].extend(vec![0.0; 2 * hidden]);
        both[2].extend(weights.find("bn").map_or_else(|| vec![0.0; hidden], <[f32]>::to_vec));
    }
    let after = Attribute::Int("linear_before_reset", i64::from(config.reset == Reset::After));
    Ok(recurrent(graph, "GRU", x, [config.input, hidden, 3], &both, vec![after]))
}

/// [`clstm_nn::BiLstm`]: `[time, windows, features]` to `[time, windows, 2 hidden]`.
///
/// # Errors
/// If a tensor is missing.
pub(super) fn lstm(
    graph: &mut GraphBuilder,
    x: &str,
    config: &BiLstmConfig,
    weights: &Weights<'_>,
) -> Result<Name, ExportError> {
    let hidden = config.hidden;
    // From i, f, g, o to the operator's i, o, f, c.
    let turn = |values: &[f32]| reorder(values, &[0, 3, 1, 2], &[1.0; 4]);
    let mut both = Directions::default();
    for direction in ["fwd", "bwd"] {
        let weights = weights.below(direction);
        both[0].extend(turn(weights.get("w_x")?));
        both[1].extend(turn(weights.get("w_h")?));
        both[2].extend(turn(weights.get("bias")?));
        both[2].extend(vec![0.0; 4 * hidden]);
    }
    Ok(recurrent(graph, "LSTM", x, [config.input, hidden, 4], &both, Vec::new()))
}

fn recurrent(
    graph: &mut GraphBuilder,
    kind: &str,
    x: &str,
    [input, hidden, gates]: [usize; 3],
    [w, r, b]: &Directions,
    mut attributes: Vec<Attribute>,
) -> Name {
    let w = graph.stored(w, &[2, gates * hidden, input]);
    let r = graph.stored(r, &[2, gates * hidden, hidden]);
    let b = graph.floats(b, &[2, 2 * gates * hidden]);
    attributes.push(Attribute::Text("direction", "bidirectional"));
    attributes.push(Attribute::Int("hidden_size", hidden as i64));
    let y = graph.node(kind, &[x, &w, &r, &b], &attributes); // [time, 2, windows, hidden]
    let y = graph.transpose(&y, &[0, 2, 1, 3]);
    graph.reshape(&y, &[0, 0, 2 * hidden as i64])
}
