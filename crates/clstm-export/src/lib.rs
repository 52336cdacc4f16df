//! Models for other tools: as ONNX graphs, from the waveform to calibrated probabilities, and as folders of the Hugging Face
//! hub.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = clstm::Model::read("model.safetensors".as_ref())?;
//! std::fs::write("model.onnx", clstm_export::onnx(&model)?)?;
//! # Ok(())
//! # }
//! ```

mod calibration;
mod frontend;
mod graph;
mod hugging_face;
mod layers;
mod network;
mod operators;
mod protobuf;
mod weights;

use std::collections::HashMap;

use clstm::{Model, ModelError, ModelInfo, NamedTensor, Recognizer};
use clstm_nn::NetworkSpec;
use thiserror::Error;

pub use hugging_face::{HubFile, WEIGHTS_FILE, hugging_face};

use graph::{Attribute, Dimension, ElementType, GraphBuilder, Value};
use network::{NetworkGraph, Output};

/// Why a model could not be exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The weights are not those of the network that the model describes.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A tensor that a layer needs.
    #[error("the model has no tensor {0}")]
    MissingTensor(String),
    /// A layer, or an order of layers, that has no ONNX graph yet.
    #[error("the layer {0:?} cannot be exported to ONNX")]
    UnsupportedLayer(String),
    /// The description cannot be written as JSON.
    #[error("the description of the model cannot be written: {0}")]
    Description(#[from] serde_json::Error),
}

/// The bytes of an ONNX model (opset 17) that computes what [`Recognizer`] does after decoding and resampling, except the
/// speech gate: every recording gets probabilities.
///
/// Inputs:
/// - `waveform` `[batch, samples]`, `f32`: mono recordings at the model's sample rate, full scale being ±1, zeros behind
///   shorter ones
/// - `lengths` `[batch]`, `i64`: samples of each recording
///
/// Outputs, `f32`:
/// - `probabilities` `[batch, classes]`: calibrated
/// - `logits` `[batch, classes]`: before calibration
/// - `features` `[batch, features]`: the deep feature
/// - `dimensions` `[batch, dimensions]`: continuous targets in their units, of a model that has some
///
/// The metadata has `labels` (a JSON array), `dimensions` (a JSON array, where there are some), `sample_rate`, `license`, `name`, `description` and `digest` of the model file.
///
/// # Errors
/// If the model cannot be loaded, or has a layer without an ONNX graph.
pub fn onnx(model: &Model) -> Result<Vec<u8>, ExportError> {
    // Checks names, shapes and values of all tensors.
    Recognizer::new(model.clone())?;
    let info = &model.info;
    let spec = NetworkSpec::new(&info.network).map_err(ModelError::from)?;
    let tensors: HashMap<&str, &NamedTensor> =
        model.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut graph = GraphBuilder::new();
    let outputs = batch(&mut graph, &NetworkGraph { spec: &spec, info, tensors: &tensors })?;
    let output_sizes = output_sizes(info);
    for (tensor, (name, _)) in outputs.iter().zip(&output_sizes) {
        graph.output(tensor, name);
    }
    let (recordings, samples) = (Dimension::Dynamic("batch"), Dimension::Dynamic("samples"));
    let inputs = [
        Value::new("waveform", ElementType::Float, &[recordings, samples]),
        Value::new("lengths", ElementType::Int64, &[recordings]),
    ];
    let outputs: Vec<Value> = output_sizes
        .into_iter()
        .map(|(name, size)| {
            Value::new(name, ElementType::Float, &[recordings, Dimension::Fixed(size)])
        })
        .collect();
    Ok(graph.finish(&inputs, &outputs, &info.description, &metadata(model, info)))
}

/// Names and sizes of the outputs. `dimensions` are the continuous targets, of a model that has some.
fn output_sizes(info: &ModelInfo) -> Vec<(&'static str, usize)> {
    let network = &info.network;
    let mut outputs = vec![
        ("probabilities", network.classes),
        ("logits", network.classes),
        ("features", network.deep_feature()),
    ];
    outputs.extend((network.dimensions > 0).then_some(("dimensions", network.dimensions)));
    outputs
}

fn metadata(model: &Model, info: &ModelInfo) -> Vec<(&'static str, String)> {
    let dimensions: Vec<String> = info.dimensions.iter().map(|it| it.name.clone()).collect();
    let mut entries = vec![
        ("name", info.name.clone()),
        ("labels", serde_json::Value::from(info.labels.clone()).to_string()),
        ("sample_rate", info.frontend.sample_rate.to_string()),
        ("license", info.license.clone()),
        ("description", info.description.clone()),
        ("digest", model.digest()),
    ];
    if !dimensions.is_empty() {
        entries.push(("dimensions", serde_json::Value::from(dimensions).to_string()));
    }
    entries
}

/// A `Scan` over the recordings: each has its own edges and windows.
fn batch(
    graph: &mut GraphBuilder,
    network: &NetworkGraph<'_>,
) -> Result<Vec<graph::Name>, ExportError> {
    let info = network.info;
    let (row, length) = (graph.name("row"), graph.name("length"));
    graph.open();
    let samples = frontend::used(graph, &row, &length);
    let clip = frontend::preprocess(graph, &samples, &info.frontend);
    let Output { features, logits } = network.clip(graph, &clip)?;
    let classes = info.network.classes;
    let probabilities = calibration::probabilities(graph, &logits, classes, &info.scaling);
    let mut outputs = vec![probabilities, logits, features.clone()];
    if !info.dimensions.is_empty() {
        outputs.push(network.dimensions(graph, &features)?);
    }
    let sizes = output_sizes(info);
    let values: Vec<Value> = outputs
        .iter()
        .zip(&sizes)
        .map(|(name, (_, size))| Value::new(name, ElementType::Float, &[Dimension::Fixed(*size)]))
        .collect();
    let body = graph.close(
        &[
            Value::new(&row, ElementType::Float, &[Dimension::Dynamic("samples")]),
            Value::new(&length, ElementType::Int64, &[]),
        ],
        &values,
    );
    let attributes = [Attribute::Graph("body", body), Attribute::Int("num_scan_inputs", 2)];
    Ok(graph.nodes("Scan", &["waveform", "lengths"], &attributes, outputs.len()))
}
