//! Where a step's time goes: each part of the network by itself, forward and backward.

use std::time::Instant;

use clstm::Model;
use clstm_nn::burn::tensor::{Device, Tensor};
use clstm_nn::{Mode, Network, NetworkConfig, load_parameters};
use serde::Serialize;

use crate::Result;
use crate::arguments::Arguments;
use crate::check::Inputs;
use crate::learner::Learner;

/// Seconds of every step of one part.
#[derive(Serialize)]
struct Part {
    name: String,
    forward: Vec<f64>,
    /// Empty at inference.
    backward: Vec<f64>,
}

/// Runs `--steps` steps in parts, the same number of whole ones beside, and prints one line.
pub(crate) fn layers(arguments: &Arguments) -> Result<()> {
    let precision = arguments.start()?;
    let (batch, steps) = (arguments.number("batch")?, arguments.number("steps")?);
    let model = Model::read(arguments.path("model")?)?;
    let segments = Inputs::read(arguments.path("check")?)?.first(batch)?;
    let config = &model.info.network;
    let mut clock = Clock::default();
    let line = match arguments.text("what")? {
        "train_step" => {
            let mut learner = Learner::new(config, &model, precision)?;
            for step in 0..=steps as u64 {
                let input = Tensor::<3>::from_data(segments.clone(), learner.device());
                clock.network(&learner.network, config, input, Mode::training(step));
                // Two whole steps: one for the optimiser alone, one for the sum to be compared with.
                let gradients = learner.backward(&learner.loss(&segments, step));
                let start = Instant::now();
                learner.update(gradients);
                clock.forward("optimizer", start);
                let start = Instant::now();
                learner.step(&segments, step);
                clock.forward("whole", start);
            }
            clock.line()?
        }
        "infer" => {
            let device = Device::flex();
            let network = load_parameters(config.init(0, &device)?, model.tensors.clone())?;
            let network = network.with_precision(precision);
            for _ in 0..=steps {
                let input = Tensor::<3>::from_data(segments.clone(), &device);
                clock.network(&network, config, input.clone(), Mode::Inference);
                let start = Instant::now();
                std::hint::black_box(network.forward(input, Mode::Inference));
                clock.forward("whole", start);
            }
            clock.line()?
        }
        other => return Err(format!("there are no layers of {other:?}").into()),
    };
    println!("{line}");
    Ok(())
}

/// Times of parts in the order in which they were first seen.
#[derive(Default)]
struct Clock {
    parts: Vec<Part>,
}

impl Clock {
    /// Every part of the network, each on the output of the one before.
    fn network(&mut self, network: &Network, config: &NetworkConfig, x: Tensor<3>, mode: Mode) {
        let [batch, time, length] = x.dims();
        let mut x = x.reshape([batch, time, length, 1]);
        for (index, lflb) in network.lflbs.iter().enumerate() {
            let block = index + 1;
            // The waveform is no weight and gets no gradient.
            let leaf = |x: &Tensor<4>| if index > 0 { leaf(x, mode) } else { x.clone() };
            let name = format!("block {block} ConvLSTM");
            let h = self.part(&name, leaf(&x), mode, |x| lflb.conv_lstm.forward(x, mode));
            let name = format!("block {block} norm, pooling");
            let mut y =
                self.part(&name, self::leaf(&h, mode), mode, |h| lflb.norm_pool.forward(h, mode));
            if let Some(skip) = &lflb.skip {
                let name = format!("block {block} skip");
                y = self.part(&name, leaf(&x), mode, |x| y.detach() + skip.forward(x));
            }
            x = y.detach();
        }
        let (positions, filters) = config.block_input(config.blocks.len());
        let mut steps = x.reshape([batch, time, positions * filters]);
        for (index, layer) in network.gflb.gru.iter().enumerate() {
            let name = format!("GRU layer {}", index + 1);
            steps = self.part(&name, leaf(&steps, mode), mode, |x| layer.forward(x)).detach();
        }
        for (index, layer) in network.gflb.lstm.iter().enumerate() {
            let name = format!("LSTM layer {}", index + 1);
            steps = self.part(&name, leaf(&steps, mode), mode, |x| layer.forward(x, mode)).detach();
        }
        self.part("head", leaf(&steps, mode), mode, |x| network.head.forward(x, mode).logits);
    }

    /// One part forward and, in training, backward from a gradient of ones.
    fn part<const I: usize, const O: usize>(
        &mut self,
        name: &str,
        x: Tensor<I>,
        mode: Mode,
        forward: impl FnOnce(Tensor<I>) -> Tensor<O>,
    ) -> Tensor<O> {
        let start = Instant::now();
        let y = forward(x);
        self.forward(name, start);
        if let Mode::Training { .. } = mode {
            let start = Instant::now();
            std::hint::black_box(y.backward());
            self.entry(name).backward.push(start.elapsed().as_secs_f64());
        }
        y
    }

    fn forward(&mut self, name: &str, start: Instant) {
        let seconds = start.elapsed().as_secs_f64();
        self.entry(name).forward.push(seconds);
    }

    fn entry(&mut self, name: &str) -> &mut Part {
        let at = self.parts.iter().position(|part| part.name == name).unwrap_or_else(|| {
            let name = name.to_owned();
            self.parts.push(Part { name, forward: Vec::new(), backward: Vec::new() });
            self.parts.len() - 1
        });
        &mut self.parts[at]
    }

    /// All parts as JSON, without the first step, which warmed the caches and pools.
    fn line(mut self) -> Result<String> {
        for part in &mut self.parts {
            part.forward.remove(0);
            if !part.backward.is_empty() {
                part.backward.remove(0);
            }
        }
        Ok(serde_json::to_string(&self.parts)?)
    }
}

/// The same values as an input whose gradient is asked for, in training.
fn leaf<const D: usize>(x: &Tensor<D>, mode: Mode) -> Tensor<D> {
    match mode {
        Mode::Training { .. } => x.clone().detach().require_grad(),
        Mode::Inference | Mode::Frozen { .. } => x.clone(),
    }
}
