//! Models for other tools: as ONNX graphs, from the waveform to calibrated probabilities, and as folders of the Hugging Face
//! hub.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = clstm::Model::read("model.safetensors".as_ref())?;
//! std::fs::write("model.onnx", clstm_export::onnx(&model, clstm_export::WeightPrecision::F32)?)?;
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
mod repeat;
mod weighted;
mod weights;

use std::collections::HashMap;

use clstm::{Model, ModelError, ModelInfo, NamedTensor, Recognizer, StreamConfig};
use clstm_nn::NetworkSpec;
use serde_json::json;
use thiserror::Error;

pub use hugging_face::{HubFile, WEIGHTS_FILE, hugging_face};

use graph::{Dimension, ElementType, GraphBuilder, Value};
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

/// How an exported model stores its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightPrecision {
    /// As the model has them.
    #[default]
    F32,
    /// 8-bit integers with a scale for each output: a quarter of the size. Matrix products and convolutions, except those of
    /// the first layer, quantise their inputs at run time. `docs/onnx.md` has the loss of accuracy.
    Int8,
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
/// The metadata has `precision` (`f32` or `int8`), `labels` (a JSON array), `dimensions` (a JSON array, where there are some),
/// `sample_rate`, `license`, `name`, `description` and `digest` of the model file; `frontend` (JSON of
/// [`FrontendConfig`](clstm::FrontendConfig)); `timeline`: JSON of the settings of timelines, [`StreamConfig::recording`] and
/// [`StreamConfig::live`] under these names; and `abstention`, the recommended threshold of the confidence, if the model
/// has one.
///
/// # Errors
/// If the model cannot be loaded, or has a layer without an ONNX graph.
pub fn onnx(model: &Model, precision: WeightPrecision) -> Result<Vec<u8>, ExportError> {
    // Checks names, shapes and values of all tensors.
    Recognizer::new(model.clone())?;
    let info = &model.info;
    let spec = NetworkSpec::new(&info.network).map_err(ModelError::from)?;
    let tensors: HashMap<&str, &NamedTensor> =
        model.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut graph = GraphBuilder::new(precision);
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
    Ok(graph.finish(&inputs, &outputs, &info.description, &metadata(model, info, precision)))
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

fn metadata(
    model: &Model,
    info: &ModelInfo,
    precision: WeightPrecision,
) -> Vec<(&'static str, String)> {
    let dimensions: Vec<&str> = info.dimensions.iter().map(|it| it.name.as_str()).collect();
    let timeline = json!({ "recording": StreamConfig::recording(), "live": StreamConfig::live() });
    let precision = match precision {
        WeightPrecision::F32 => "f32",
        WeightPrecision::Int8 => "int8",
    };
    let mut entries = vec![
        ("precision", precision.to_owned()),
        ("name", info.name.clone()),
        ("labels", json!(info.labels).to_string()),
        ("sample_rate", info.frontend.sample_rate.to_string()),
        ("license", info.license.clone()),
        ("description", info.description.clone()),
        ("digest", model.digest()),
        ("frontend", json!(info.frontend).to_string()),
        ("timeline", timeline.to_string()),
    ];
    if !dimensions.is_empty() {
        entries.push(("dimensions", json!(dimensions).to_string()));
    }
    let abstention = info.calibration.as_ref().and_then(|calibration| calibration.abstention);
    entries.extend(abstention.map(|point| ("abstention", point.threshold.to_string())));
    entries
}

/// A `Loop` over the recordings: each has its own edges and windows.
fn batch(
    graph: &mut GraphBuilder,
    network: &NetworkGraph<'_>,
) -> Result<Vec<graph::Name>, ExportError> {
    let info = network.info;
    let count = graph.size("lengths", 0);
    let count = graph.reshape(&count, &[]);
    let classes = info.network.classes;
    let sizes: Vec<usize> = output_sizes(info).into_iter().map(|(_, size)| size).collect();
    graph.repeat(&count, &sizes, |graph, index| {
        let (row, length) = (graph.gather("waveform", index), graph.gather("lengths", index));
        let samples = frontend::used(graph, &row, &length);
        let clip = frontend::preprocess(graph, &samples, &info.frontend);
        let Output { features, logits } = network.clip(graph, &clip)?;
        let probabilities = calibration::probabilities(graph, &logits, classes, &info.scaling);
        let mut outputs = vec![probabilities, logits, features.clone()];
        if !info.dimensions.is_empty() {
            outputs.push(network.dimensions(graph, &features)?);
        }
        Ok(outputs)
    })
}
