//! A small model, signals and recordings, all made here.

use std::path::Path;

use clstm::audio::{DecodeLimits, TrimConfig, decode_file, resample};
use clstm::{
    Calibration, CalibrationMethod, CalibrationScores, Clip, DimensionInfo, EvalProtocol,
    FrontendConfig, Model, ModelInfo, ProbabilityCalibration, RiskPoint, Score, TrainingInfo,
    TtaConfig,
};
use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{
    CompressionConfig, ConvBlockConfig, FilterbankConfig, GflbConfig, LflbConfig, Mode, Network,
    NetworkConfig, Peepholes, Reset, TemporalPooling, load_parameters, parameters,
};
use clstm_test_support::wav::wav16;

pub(crate) const RATE: u32 = 16_000;

/// Two blocks, one BiGRU layer, three classes.
pub(crate) fn tiny_network() -> NetworkConfig {
    let block = |filters, kernel_input, stride, pool, peepholes| LflbConfig {
        filters,
        kernel_input,
        kernel_state: 3,
        stride,
        pool,
        peepholes,
        input_norm: true,
    };
    NetworkConfig {
        compression: Some(CompressionConfig { ratio: 0.5, hop: 160 }),
        filterbank: None,
        convolutions: Vec::new(),
        temporal_pooling: TemporalPooling::Mean,
        sample_rate: RATE,
        segment_length: 400,
        blocks: vec![block(4, 40, 10, 4, Peepholes::Full), block(6, 3, 1, 2, Peepholes::Channel)],
        skip: true,
        gflb: GflbConfig::BiGru { hidden: 5, layers: 1, reset: Reset::Before },
        features: 7,
        dropout: 0.3,
        classes: 3,
        dimensions: 0,
        branches: Vec::new(),
    }
}

/// The same with a filterbank, a convolutional block and attention before and behind the last of its
/// blocks: what `clstm-plus` is made of.
pub(crate) fn tiny_plus_network() -> NetworkConfig {
    let tiny = tiny_network();
    NetworkConfig {
        filterbank: Some(FilterbankConfig {
            filters: 16,
            kernel: 80,
            stride: 20,
            pool: 4,
            freq_mask_max_width: 0,
            mean_normalize: true,
            vtlp_max: 0.0,
            mixstyle_prob: 0.0,
        }),
        convolutions: vec![ConvBlockConfig {
            filters: 5,
            kernel_time: 3,
            kernel_length: 3,
            stride_time: 2,
            pool: 2,
        }],
        blocks: tiny.blocks[1..].to_vec(),
        temporal_pooling: TemporalPooling::Attention { hidden: 4 },
        ..tiny
    }
}

/// Both as the branches of one.
pub(crate) fn tiny_pair_network() -> NetworkConfig {
    NetworkConfig { branches: vec![tiny_network()], ..tiny_plus_network() }
}

/// As of a cross-validation.
fn calibration() -> Calibration {
    let point = |threshold, coverage, risk| RiskPoint { threshold, coverage, risk };
    Calibration {
        protocol: EvalProtocol {
            corpus: "made-up".to_owned(),
            folds: 3,
            ..EvalProtocol::default()
        },
        folds: 3,
        method: CalibrationMethod::CrossFit,
        utterances: 60,
        bins: 15,
        uncalibrated: CalibrationScores { ece: 0.1 + 0.2, nll: 1.5, brier: 0.75 },
        calibrated: CalibrationScores { ece: 0.04, nll: 1.0986, brier: 2.0 / 3.0 },
        aurc: 0.45,
        risk_coverage: vec![point(0.0, 1.0, 0.6), point(0.5, 0.25, 0.2)],
        abstention: Some(point(0.4, 0.5, 0.3)),
    }
}

/// A continuous target from 1 to 5.
fn dimension(index: usize) -> DimensionInfo {
    let name = format!("dimension-{index}");
    DimensionInfo { name, min: 1.0, max: 5.0, mean: 3.0, std: 0.5 }
}

pub(crate) fn info(network: NetworkConfig) -> ModelInfo {
    ModelInfo {
        name: "tiny".to_owned(),
        dimensions: (0..network.dimensions).map(dimension).collect(),
        labels: (0..network.classes).map(|i| format!("class-{i}")).collect(),
        frontend: FrontendConfig {
            sample_rate: network.sample_rate,
            target_rms: 0.1,
            trim: TrimConfig::default(),
            segment_length: network.segment_length,
            min_steps: 8,
            max_steps: 20,
            tta: TtaConfig::default(),
        },
        network,
        scaling: ProbabilityCalibration::of_temperature(0.7),
        calibration: Some(calibration()),
        training: TrainingInfo {
            corpus: "made-up".to_owned(),
            protocol: EvalProtocol { seed: u64::MAX, ..EvalProtocol::default() },
            preset: "none".to_owned(),
            seed: u64::MAX,
            speakers: vec!["01".to_owned(), "\"zwei\"".to_owned()],
            scores: vec![Score {
                protocol: EvalProtocol { split: "random".to_owned(), ..EvalProtocol::default() },
                fold: None,
                ua: 1.0 / 3.0,
                wa: 0.1 + 0.2,
                macro_f1: 0.123_456_789_012_345_67,
                folds: 5,
            }],
            recipe: serde_json::json!({"learning_rate": 1e-4, "deep": {"er": [1, null, "é"]}}),
            ..TrainingInfo::default()
        },
        license: "CC0-1.0".to_owned(),
        description: "Random weights.\nFor tests.".to_owned(),
    }
}

/// Random weights; running statistics and peepholes too, which start at constants.
pub(crate) fn model(network: NetworkConfig) -> Model {
    let module = network.init(7, &Device::flex()).expect("a network");
    let mut tensors = parameters(&module);
    let mut state = 1_u32;
    for tensor in &mut tensors {
        for value in &mut tensor.values {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *value += 0.2 * (state >> 8) as f32 / (1 << 24) as f32;
        }
    }
    Model::new(info(network), tensors).expect("a model")
}

pub(crate) fn tiny() -> Model {
    model(tiny_network())
}

pub(crate) fn tiny_plus() -> Model {
    model(tiny_plus_network())
}

pub(crate) fn tiny_pair() -> Model {
    model(tiny_pair_network())
}

/// The model's network of tensor operations.
pub(crate) fn network(model: &Model) -> Network {
    let network = model.info.network.init(0, &Device::flex()).expect("a network");
    load_parameters(network, model.tensors.clone()).expect("its weights")
}

/// Logits of a clip by tensor operations: the mean over its windows, one by one.
pub(crate) fn reference_logits(model: &Model, clip: &Clip) -> Vec<f64> {
    let (network, frontend) = (network(model), &model.info.frontend);
    let windows = frontend.windows(clip);
    let mut mean = vec![0.0; model.info.network.classes];
    for window in &windows {
        let mut steps = Vec::new();
        frontend.write_window(clip, window, &mut steps);
        let data = TensorData::new(steps, [1, window.steps, frontend.segment_length]);
        let output = network.forward(Tensor::from_data(data, &Device::flex()), Mode::Inference);
        for (mean, logit) in mean.iter_mut().zip(output.logits.into_data().iter::<f32>()) {
            *mean += f64::from(logit) / windows.len() as f64;
        }
    }
    mean
}

/// The shipped sample, three seconds of silence, and the sample again, at 16 kHz.
pub(crate) fn conversation() -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav");
    let sample = decode_file(&path, &DecodeLimits::default()).expect("the sample").waveform;
    let sample = resample(&sample, RATE).expect("16 kHz").samples;
    [&sample[..], &vec![0.0; 3 * RATE as usize], &sample[..]].concat()
}

/// What a voice has: harmonics of a gliding pitch up to 7 kHz, falling with frequency, in syllables.
/// The same sound at every rate.
pub(crate) fn voice(seconds: f64, rate: u32, pitch_hz: f64) -> Vec<f32> {
    let n_samples = (seconds * f64::from(rate)).round() as usize;
    let harmonics = (7_000.0 / (pitch_hz * 1.1)) as usize;
    let tau = std::f64::consts::TAU;
    let sample = |n: usize| {
        let t = n as f64 / f64::from(rate);
        let cycles = pitch_hz * (t + 0.1 / (tau * 1.5) * (tau * 1.5 * t).sin());
        let envelope = (0.55 - 0.45 * (tau * 3.1 * t).cos()) * 0.1;
        let sum: f64 = (1..=harmonics)
            .map(|k| (tau * k as f64 * cycles + (k * k) as f64).sin() / (k as f64).sqrt())
            .sum();
        (envelope * sum) as f32
    };
    (0..n_samples).map(sample).collect()
}

/// A 16-bit mono WAV file.
pub(crate) fn wav(samples: &[f32], rate: u32) -> Vec<u8> {
    wav16(samples.iter().map(|x| (x * 32_767.0).round() as i16), rate)
}
