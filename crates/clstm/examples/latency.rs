//! Time from samples to a prediction with the full-size network and random weights.
//!
//! ```text
//! RAYON_NUM_THREADS=1 cargo run --release -p clstm --example latency
//! ```
#![allow(clippy::print_stdout, reason = "the output of this program")]

use std::time::Instant;

use clstm::{FrontendConfig, Model, ModelInfo, ProbabilityCalibration, Recognizer, TrainingInfo};
use clstm_nn::{Preset, burn::tensor::Device, parameters};

const RATE: u32 = 16_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let network = Preset::Clstm.network(8);
    let info = ModelInfo {
        name: "random".to_owned(),
        dimensions: Vec::new(),
        labels: (0..8).map(|i| format!("class-{i}")).collect(),
        frontend: FrontendConfig::for_network(&network),
        network: network.clone(),
        scaling: ProbabilityCalibration::default(),
        calibration: None,
        training: TrainingInfo::default(),
        license: String::new(),
        description: String::new(),
    };
    let bytes = Model::new(info, parameters(&network.init(1, &Device::flex())?))?.to_bytes()?;

    let begun = Instant::now();
    let model = Model::from_bytes(&bytes)?;
    let read = begun.elapsed();
    let recognizer = Recognizer::new(model)?;
    let ready = begun.elapsed();
    println!("{} bytes: read {read:.1?}, ready to listen {ready:.1?}", bytes.len());

    for seconds in [1, 3, 10, 60] {
        let mut state = 1_u32;
        let noise = (0..seconds * RATE).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state as f32 / (1_u32 << 31) as f32 - 1.0
        });
        let noise: Vec<f32> = noise.collect();
        recognizer.recognize(&noise, RATE)?;
        let mut times = Vec::new();
        for _ in 0..if seconds > 5 { 9 } else { 41 } {
            let begun = Instant::now();
            recognizer.recognize(&noise, RATE)?;
            times.push(begun.elapsed());
        }
        times.sort();
        println!("{seconds:>3} s: median {:.2?}, least {:.2?}", times[times.len() / 2], times[0]);
    }
    Ok(())
}
