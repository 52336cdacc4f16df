//! Our side of `bench/run`: times training steps or single recognitions, and prints one line of JSON.
//!
//! With `--save-model` and `--save-check` it writes instead the network and what it says of a batch,
//! for the peers to be checked against.
#![allow(clippy::print_stdout, reason = "the line is the output")]

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use clstm::{FrontendConfig, Model, ModelInfo, TrainingInfo, softmax};
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{
    CenterLossConfig, Mode, ParameterKind, Preset, gradients, load_parameters, parameters,
    softmax_loss, update_weights,
};
use clstm_train::{AdamW, Recipe};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Arguments(HashMap<String, String>);

impl Arguments {
    fn read() -> Result<Self> {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let pair = |pair: &[String]| match pair {
            [name, value] => Ok((name.trim_start_matches('-').to_owned(), value.clone())),
            _ => Err("every option takes a value"),
        };
        Ok(Self(words.chunks(2).map(pair).collect::<std::result::Result<_, _>>()?))
    }

    fn text(&self, name: &str) -> Result<&str> {
        self.0.get(name).map(String::as_str).ok_or_else(|| format!("--{name} is missing").into())
    }

    fn number(&self, name: &str) -> Result<usize> {
        Ok(self.text(name)?.parse()?)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    if arguments.0.contains_key("save-model") {
        return save(&arguments);
    }
    let threads = arguments.number("threads")?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let model = Model::read(Path::new(arguments.text("model")?))?;
    let bytes = std::fs::read(arguments.text("check")?)?;
    let check = SafeTensors::deserialize(&bytes)?;
    let seconds = match arguments.text("what")? {
        "train_step" => train_steps(&arguments, model, &check)?,
        "infer_clip" => infer_clips(&arguments, &model, &check)?,
        other => return Err(format!("unknown measurement {other}").into()),
    };
    let line = serde_json::json!({
        "what": arguments.text("what")?,
        "batch": arguments.number("batch")?,
        "threads": threads,
        "seconds": seconds,
        "peak_mib": peak_mib(),
    });
    println!("{line}");
    Ok(())
}

/// A network of the preset whose running statistics have seen a few batches, and its answers.
fn save(arguments: &Arguments) -> Result<()> {
    let preset: Preset = arguments.text("preset")?.parse()?;
    let (batch, steps) = (arguments.number("batch")?, arguments.number("segments")?);
    let recipe = Recipe::new(preset, 8);
    let device = Device::flex().autodiff();
    let network = recipe.network.init(7, &device)?;
    let length = recipe.network.segment_length;
    let segments = noise(batch * steps * length);
    let data = TensorData::new(segments.clone(), [batch, steps, length]);
    for seed in 0..3 {
        let input = Tensor::<3>::from_data(data.clone(), &device);
        let _ = network.forward(input, Mode::Training { seed });
    }
    // Biases, peepholes and scales start at 0 or 1, where an error in them would not show.
    let mut tensors = parameters(&network);
    for (tensor, kind) in tensors.iter_mut().map(|t| (&mut t.values, t.kind)) {
        if kind == ParameterKind::Weight {
            let noise = noise(tensor.len());
            tensor.iter_mut().zip(noise).for_each(|(value, noise)| *value += 0.3 * noise);
        }
    }
    let info = ModelInfo {
        name: format!("bench-{preset}"),
        labels: (0..8).map(|k| format!("class {k}")).collect(),
        network: recipe.network.clone(),
        frontend: FrontendConfig::for_network(&recipe.network),
        temperature: 1.0,
        training: TrainingInfo::default(),
        license: "none".to_owned(),
        description: "random weights for benchmarks".to_owned(),
    };
    let model = Model::new(info, tensors)?;
    let plain = Device::flex();
    let output = model.network(&plain)?.forward(Tensor::from_data(data, &plain), Mode::Inference);
    let logits: Vec<f32> = output.logits.into_data().iter::<f32>().collect();
    let labels: Vec<i64> = (0..batch as i64).map(|i| i % 8).collect();
    model.write(Path::new(arguments.text("save-model")?))?;

    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let (segments, logits) = (bytes(&segments), bytes(&logits));
    let labels: Vec<u8> = labels.iter().flat_map(|v| v.to_le_bytes()).collect();
    let views = [
        ("segments", TensorView::new(Dtype::F32, vec![batch, steps, length], &segments)?),
        ("labels", TensorView::new(Dtype::I64, vec![batch], &labels)?),
        ("logits", TensorView::new(Dtype::F32, vec![batch, 8], &logits)?),
    ];
    std::fs::write(arguments.text("save-check")?, safetensors::serialize(views, None)?)?;
    Ok(())
}

/// White noise at the level of normalised speech, from a multiplicative generator.
fn noise(len: usize) -> Vec<f32> {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        ((state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0) * 0.17
    };
    (0..len).map(|_| next()).collect()
}

fn floats(check: &SafeTensors<'_>, name: &str) -> Result<(Vec<f32>, Vec<usize>)> {
    let view = check.tensor(name)?;
    let float = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    Ok((view.data().chunks_exact(4).map(float).collect(), view.shape().to_vec()))
}

/// The trainer's step on a batch in memory.
fn train_steps(arguments: &Arguments, model: Model, check: &SafeTensors<'_>) -> Result<Vec<f64>> {
    let batch = arguments.number("batch")?;
    let device = Device::flex().autodiff();
    let config = model.info.network.clone();
    let recipe = Recipe::new(Preset::Clstm, config.classes);
    let mut network = load_parameters(config.init(0, &device)?, model.tensors)?;
    let mut centers =
        CenterLossConfig { classes: config.classes, features: config.features }.init(&device);
    let mut weights = parameters(&network);
    weights.retain(|t| t.kind == ParameterKind::Weight);
    let own = weights.len();
    weights.extend(parameters(&centers));
    let mut optimizer = AdamW::new(recipe.optimizer, &weights);

    let (segments, shape) = floats(check, "segments")?;
    let (steps, length) = (shape[1], shape[2]);
    let data = TensorData::new(segments[..batch * steps * length].to_vec(), [batch, steps, length]);
    let mut targets = vec![0.0_f32; batch * config.classes];
    (0..batch).for_each(|row| targets[row * config.classes + row % config.classes] = 1.0);
    let targets = TensorData::new(targets, [batch, config.classes]);
    let mut seed = 0;
    time(arguments, || {
        seed += 1;
        let input = Tensor::<3>::from_data(data.clone(), &device);
        let targets = Tensor::<2>::from_data(targets.clone(), &device);
        let output = network.forward(input, Mode::Training { seed });
        let loss = softmax_loss(output.logits, targets.clone())
            + centers.forward(output.features, targets).mul_scalar(recipe.center_loss);
        let mut grads = loss.div_scalar(batch as f64).backward();
        let mut all = gradients(&network, &mut grads);
        all.extend(gradients(&centers, &mut grads));
        let mut all: Vec<Vec<f32>> = all.into_iter().map(Option::unwrap_or_default).collect();
        optimizer.clip(&mut all);
        optimizer.begin();
        let mut update = |index: usize, values: &mut [f32]| {
            optimizer.update(index, values, &all[index], 1e-4);
        };
        network = update_weights(network.clone(), &mut update);
        centers = update_weights(centers.clone(), &mut |i, values| update(own + i, values));
    })
}

/// One clip's probabilities from its segments.
fn infer_clips(arguments: &Arguments, model: &Model, check: &SafeTensors<'_>) -> Result<Vec<f64>> {
    let device = Device::flex();
    let network = model.network(&device)?;
    let (segments, shape) = floats(check, "segments")?;
    let (steps, length) = (shape[1], shape[2]);
    let data = TensorData::new(segments[..steps * length].to_vec(), [1, steps, length]);
    let mut sum = 0.0;
    let seconds = time(arguments, || {
        let input = Tensor::<3>::from_data(data.clone(), &device);
        let output = network.forward(input, Mode::Inference);
        let logits: Vec<f64> = output.logits.into_data().iter::<f64>().collect();
        sum += softmax(&logits, 1.0)[0];
    })?;
    if sum.is_finite() { Ok(seconds) } else { Err("probabilities are not finite".into()) }
}

fn time(arguments: &Arguments, mut step: impl FnMut()) -> Result<Vec<f64>> {
    (0..arguments.number("warmup")?).for_each(|_| step());
    let timed = |_| {
        let start = Instant::now();
        step();
        start.elapsed().as_secs_f64()
    };
    Ok((0..arguments.number("steps")?).map(timed).collect())
}

/// Largest resident memory so far, where the system tells (Linux).
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
