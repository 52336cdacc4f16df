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
    let connected = |graph: &mut GraphBuilder, x: &str, path: &str, sizes: [usize; 2]| {
        let weight = weights.get(&format!("{path}_weight"))?;
        let bias = weights.get(&format!("{path}_bias"))?;
        Ok::<Name, ExportError>(graph.multiply(x, weight, Some(bias), sizes))
    };
    let deep = connected(graph, &pooled, "feature", [input, features])?;
    let deep = graph.unary("Relu", &deep);
    let logits = connected(graph, &deep, "class", [features, classes])?;
    Ok(BranchOutput { features: deep, logits })
}

/// The weighted mean over time, `[windows, input]`.
fn attention(
    graph: &mut GraphBuilder,
    x: &str,
    [input, hidden]: [usize; 2],
    weights: &Weights<'_>,
) -> Result<Name, ExportError> {
    let (weight, bias) = (weights.get("weight")?, weights.get("bias")?);
    let product = graph.multiply(x, weight, Some(bias), [input, hidden]);
    let activation = graph.unary("Tanh", &product);
    let scores = graph.multiply(&activation, weights.get("score")?, None, [hidden, 1]); // [time, windows, 1]
    let shares = graph.node("Softmax", &[&scores], &[Attribute::Int("axis", 0)]);
    let weighted = graph.mul(x, &shares);
    Ok(graph.sum(&weighted, 0, false))
}
