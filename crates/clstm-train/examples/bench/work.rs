//! One system of a measurement: prepares its step, reports that it is ready, and then runs the number of steps that
//! each line on standard input requests (`WARMUP STEPS`). It prints their times.

use std::io::BufRead;
use std::time::Instant;

use clstm::{Model, Recognizer, softmax};
use clstm_nn::burn::tensor::{Device, Distribution, Tensor, TensorData};
use clstm_nn::{InferenceEngine, Precision};
use serde::Serialize;

use crate::Result;
use crate::arguments::Arguments;
use crate::check::Inputs;
use crate::learner::Learner;

/// Does `--what`: `train_step`, `infer`, `recognize` or `gemm`.
pub(crate) fn work(arguments: &Arguments) -> Result<()> {
    let precision = arguments.start()?;
    let batch = arguments.number("batch")?;
    if arguments.text("what")? == "gemm" {
        return gemm(batch, arguments.number("threads")?);
    }
    let model = Model::read(arguments.path("model")?)?;
    let inputs = Inputs::read(arguments.path("check")?)?;
    if arguments.text("what")? == "recognize" {
        return recognize(model, &inputs, precision);
    }
    let segments = inputs.first(batch)?;
    match arguments.text("what")? {
        "train_step" => train_steps(&model, &segments, precision),
        "infer" => infer(&model, &segments, precision),
        other => Err(format!("there is no measurement {other:?}").into()),
    }
}

fn train_steps(model: &Model, segments: &TensorData, precision: Precision) -> Result<()> {
    let mut learner = Learner::new(&model.info.network, model, precision)?;
    let mut seed = 0;
    ready(1);
    turns(|| {
        seed += 1;
        learner.step(segments, seed);
        Ok(())
    })
}

/// The probabilities of a batch of clips.
fn infer(model: &Model, segments: &TensorData, precision: Precision) -> Result<()> {
    let engine = InferenceEngine::new(&model.info.network, &model.tensors, precision)?;
    let [batch, steps] = [segments.shape()[0], segments.shape()[1]];
    let segments: Vec<f32> = segments.iter::<f32>().collect();
    ready(1);
    turns(|| {
        let logits = engine.run(&segments, [batch, steps]).logits;
        let logits: Vec<f64> = logits.iter().map(|logit| f64::from(*logit)).collect();
        let classes = model.info.network.classes;
        let sure = logits.chunks_exact(classes).map(|row| softmax(row, 1.0)[0]).sum::<f64>();
        if sure.is_finite() { Ok(()) } else { Err("probabilities are not finite".into()) }
    })
}

/// The probabilities of the first utterance as a whole recording.
fn recognize(model: Model, inputs: &Inputs, precision: Precision) -> Result<()> {
    let recognizer = Recognizer::new(model)?.with_precision(precision)?;
    let waveform = inputs.waveform(0).ok_or("the check file holds no utterance")?;
    ready(1);
    turns(|| {
        let sure = probabilities(&recognizer, waveform)[0];
        if sure.is_finite() { Ok(()) } else { Err("probabilities are not finite".into()) }
    })
}

/// From a waveform at the model's sample rate to calibrated probabilities, as the exported graph: without the speech gate.
pub(crate) fn probabilities(recognizer: &Recognizer, waveform: &[f32]) -> Vec<f64> {
    let clip = recognizer.info().frontend.preprocess(waveform.to_vec());
    recognizer.probabilities(&recognizer.recognize_clip(&clip))
}

/// Products of two square matrices of `side`, through Burn's GEMM.
///
/// Each thread computes products of its own, so that the time does not depend on how one product is split over
/// threads. Burn is built without its thread pool.
fn gemm(side: usize, threads: usize) -> Result<()> {
    // Starting a thread is nothing beside four products.
    const PRODUCTS: usize = 4;
    let device = Device::flex();
    let operands: Vec<[Tensor<3>; 2]> = (0..threads)
        .map(|_| {
            [(); 2].map(|()| Tensor::random([PRODUCTS, side, side], Distribution::Default, &device))
        })
        .collect();
    ready(PRODUCTS * threads);
    turns(|| {
        std::thread::scope(|scope| {
            for [a, b] in &operands {
                scope.spawn(|| std::hint::black_box(a.clone().matmul(b.clone())));
            }
        });
        Ok(())
    })
}

#[derive(Serialize)]
struct Turn {
    seconds: Vec<f64>,
}

/// Reports that it is ready for turns, and how much work a step is.
fn ready(products: usize) {
    let version = env!("CARGO_PKG_VERSION");
    println!("{}", serde_json::json!({"ready": {"version": version, "products": products}}));
}

/// Runs a turn for each line on standard input, until its end.
fn turns(mut step: impl FnMut() -> Result<()>) -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut counts = line.split_whitespace().map(str::parse::<usize>);
        let (Some(Ok(warmup)), Some(Ok(steps))) = (counts.next(), counts.next()) else {
            return Err(format!("a turn is WARMUP STEPS, not {line:?}").into());
        };
        for _ in 0..warmup {
            step()?;
        }
        let mut seconds = Vec::with_capacity(steps);
        for _ in 0..steps {
            let start = Instant::now();
            step()?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        println!("{}", serde_json::to_string(&Turn { seconds })?);
    }
    Ok(())
}
