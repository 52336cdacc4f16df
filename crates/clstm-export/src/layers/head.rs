//! Pooling over time and the fully connected layers.

use clstm_nn::{HeadConfig, TemporalPooling};

use super::BranchOutput;
use crate::ExportError;
use crate::graph::{Attribute, GraphBuilder, Name};
use crate::weights::Weights;

/// [`clstm_nn::Head`]: from `[time, windows, input]`.
///
/// # Errors
/// If a tensor is missing.
pub(super) fn head(
    graph: &mut GraphBuilder,
    x: &str,
    config: &HeadConfig,
    weights: &Weights<'_>,
) -> Result<BranchOutput, ExportError> {
    let HeadConfig { input, features, classes, .. } = *config;
    let pooled = match config.temporal_pooling {
        TemporalPooling::Mean => graph.mean(x, 0, false),
        TemporalPooling::Attention { hidden } => {
            attention(graph, x, [input, hidden], &weights.below("attention"))?
        }
    };
    let features_of = |graph: &mut GraphBuilder, x: &str, path: &str, sizes: [usize; 2]| {
        let weight = weights.get(&format!("{path}_weight"))?;
        let weight = graph.floats(weight, &sizes);
        let bias = graph.floats(weights.get(&format!("{path}_bias"))?, &[sizes[1]]);
        Ok::<Name, ExportError>(graph.node("Gemm", &[x, &weight, &bias], &[]))
    };
    let deep = features_of(graph, &pooled, "feature", [input, features])?;
    let deep = graph.unary("Relu", &deep);
    let logits = features_of(graph, &deep, "class", [features, classes])?;
    Ok(BranchOutput { features: deep, logits })
}

/// The weighted mean over time, `[windows, input]`.
fn attention(
    graph: &mut GraphBuilder,
    x: &str,
    [input, hidden]: [usize; 2],
    weights: &Weights<'_>,
) -> Result<Name, ExportError> {
    let weight = graph.floats(weights.get("weight")?, &[input, hidden]);
    let bias = graph.floats(weights.get("bias")?, &[hidden]);
    let score = graph.floats(weights.get("score")?, &[hidden, 1]);
    let product = graph.node("MatMul", &[x, &weight], &[]);
    let product = graph.add(&product, &bias);
    let activation = graph.unary("Tanh", &product);
    let scores = graph.node("MatMul", &[&activation, &score], &[]); // [time, windows, 1]
    let shares = graph.node("Softmax", &[&scores], &[Attribute::Int("axis", 0)]);
    let weighted = graph.mul(x, &shares);
    Ok(graph.sum(&weighted, 0, false))
}
