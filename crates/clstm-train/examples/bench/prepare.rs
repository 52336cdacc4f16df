//! Writes the network that all systems load, and its outputs.

use clstm::{FrontendConfig, Model, ModelInfo, ProbabilityCalibration, Recognizer, TrainingInfo};
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{Mode, NetworkConfig, Precision, load_parameters, parameters_with_roles};
use clstm_train::Recipe;

use crate::Result;
use crate::arguments::Arguments;
use crate::check::{self, Inputs, Results, noise};
use crate::learner::Learner;
use crate::work::probabilities;

const CLASSES: usize = 8;

/// Utterances whose outputs are kept: few, so that the check does not determine the peak memory of a
/// peer.
const CHECKED: usize = 8;

/// Writes a network of the preset with the given settings, whose running statistics come from a few
/// batches, its outputs and, with `--save-onnx`, its ONNX graph.
pub(crate) fn prepare(arguments: &Arguments) -> Result<()> {
    let recipe = Recipe::new(arguments.text("preset")?.parse()?, CLASSES);
    let recipe = recipe.with_changes(None, &arguments.settings()?)?;
    let config = match arguments.text("compression")? {
        "on" => recipe.network,
        // What comes before the first layer is no layer: the peers that train do without it.
        "off" => NetworkConfig { compression: None, ..recipe.network },
        other => return Err(format!("--compression is on or off, not {other:?}").into()),
    };
    let batch = arguments.number("batch")?.max(CHECKED);
    let inputs = Inputs::noise(batch, arguments.number("segments")?, config.segment_length);
    let checked = inputs.first(CHECKED)?;
    let model = model(&config, &checked)?;

    let plain = Device::flex();
    let segments = Tensor::from_data(checked.clone(), &plain);
    let output = load_parameters(config.init(0, &plain)?, model.tensors.clone())?
        .forward(segments, Mode::Inference);
    let logits: Vec<f32> = output.logits.into_data().iter::<f32>().collect();

    // No two programs draw the same dropout.
    let sure = NetworkConfig { dropout: 0.0, ..config };
    let learner = Learner::new(&sure, &model, Precision::F32)?;
    let loss = learner.loss(&checked, 0);
    let mut gradients = learner.gradients(&mut loss.backward());
    let recognizer = Recognizer::new(model.clone())?;
    let results = Results {
        logits,
        probabilities: recordings(&recognizer, &inputs)?,
        loss: loss.into_scalar::<f32>(),
        gradient_norm: learner.clip(&mut gradients) as f32,
    };
    if let Some(path) = arguments.optional_path("save-onnx") {
        std::fs::write(path, clstm_export::onnx(&model, clstm_export::WeightPrecision::F32)?)?;
    }
    model.write(arguments.path("save-model")?)?;
    check::write(arguments.path("save-check")?, &inputs, CHECKED, &results)
}

/// Probabilities of the checked utterances as whole recordings.
fn recordings(recognizer: &Recognizer, inputs: &Inputs) -> Result<Vec<f32>> {
    let mut all = Vec::new();
    for index in 0..CHECKED {
        let waveform = inputs.waveform(index).ok_or("there are fewer utterances than checked")?;
        all.extend(probabilities(recognizer, waveform).iter().map(|share| *share as f32));
    }
    Ok(all)
}

fn model(config: &NetworkConfig, batch: &TensorData) -> Result<Model> {
    let device = Device::flex().autodiff();
    let network = config.init(7, &device)?;
    for seed in 0..3 {
        let segments = Tensor::<3>::from_data(batch.clone(), &device);
        let _ = network.forward(segments, Mode::training(seed));
    }
    // Biases, peepholes and scales start at 0 or 1, where an error in them would not show.
    let mut parameters = parameters_with_roles(&network);
    for weight in parameters.iter_mut().filter(|parameter| parameter.role.is_weight()) {
        let values = &mut weight.tensor.values;
        let noise = noise(values.len());
        values.iter_mut().zip(noise).for_each(|(value, noise)| *value += 0.3 * noise);
    }
    let tensors = parameters.into_iter().map(|parameter| parameter.tensor).collect();
    let info = ModelInfo {
        name: "bench".to_owned(),
        dimensions: Vec::new(),
        labels: (0..config.classes).map(|k| format!("class {k}")).collect(),
        network: config.clone(),
        frontend: FrontendConfig::for_network(config),
        scaling: ProbabilityCalibration::default(),
        calibration: None,
        training: TrainingInfo::default(),
        license: "none".to_owned(),
        description: "random weights for benchmarks".to_owned(),
    };
    Ok(Model::new(info, tensors)?)
}
