//! A small model, the shipped sample, and a server with both.

use std::net::SocketAddr;
use std::path::Path;

use clstm::audio::{DecodeLimits, TrimConfig, decode_file};
use clstm::{
    DimensionInfo, FrontendConfig, Model, ModelInfo, ProbabilityCalibration, Recognizer,
    TrainingInfo, TtaConfig,
};
use clstm_nn::burn::tensor::Device;
use clstm_nn::{
    GflbConfig, LflbConfig, NetworkConfig, Peepholes, Reset, TemporalPooling, parameters,
};
use clstm_server::{Handle, Limits, ModelSource, Server, ServerConfig, ServerError};
use clstm_test_support::wav::wav_of;
use tokio::task::JoinHandle;

pub(crate) const RATE: u32 = 16_000;

/// Two blocks, one BiGRU layer, three classes.
fn network() -> NetworkConfig {
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
        compression: None,
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

/// A model of random weights.
pub(crate) fn model(name: &str, seed: u64) -> Model {
    model_with(name, seed, &[])
}

/// The same with continuous targets.
fn model_with(name: &str, seed: u64, dimensions: &[&str]) -> Model {
    let network = NetworkConfig { dimensions: dimensions.len(), ..network() };
    let mut tensors = parameters(&network.init(seed, &Device::flex()).expect("a network"));
    // A new head has zeros, with which all values are the mean.
    for tensor in tensors.iter_mut().filter(|it| it.name == "dimension_head.weight") {
        let weights = tensor.values.iter_mut().enumerate();
        weights.for_each(|(i, weight)| *weight = 1.0 - 0.17 * i as f32);
    }
    let info = ModelInfo {
        name: name.to_owned(),
        dimensions: dimensions.iter().map(|name| dimension(name)).collect(),
        labels: ["calm", "glad", "sad"].map(str::to_owned).to_vec(),
        frontend: FrontendConfig {
            sample_rate: RATE,
            target_rms: 0.1,
            trim: TrimConfig::default(),
            segment_length: network.segment_length,
            min_steps: 8,
            max_steps: 40,
            tta: TtaConfig::default(),
        },
        network,
        scaling: ProbabilityCalibration::of_temperature(0.7),
        calibration: None,
        training: TrainingInfo { corpus: "made-up".to_owned(), ..TrainingInfo::default() },
        license: "CC0-1.0".to_owned(),
        description: "Random weights.".to_owned(),
    };
    Model::new(info, tensors).expect("a model")
}

fn dimension(name: &str) -> DimensionInfo {
    DimensionInfo { name: name.to_owned(), min: 1.0, max: 5.0, mean: 3.0, std: 0.5 }
}

/// A model with arousal and valence.
pub(crate) fn rated() -> Recognizer {
    Recognizer::new(model_with("rated", 7, &["arousal", "valence"])).expect("a recognizer")
}

pub(crate) fn tiny() -> Recognizer {
    Recognizer::new(model("tiny", 7)).expect("a recognizer")
}

/// The bytes of the shipped sample: 2.2 s of speech.
pub(crate) fn sample() -> Vec<u8> {
    std::fs::read(sample_path()).expect("the sample")
}

fn sample_path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/sample.wav")
}

/// The sound of the shipped sample.
pub(crate) fn sample_sound() -> Vec<f32> {
    let sample =
        decode_file(&sample_path(), &DecodeLimits::default()).expect("the sample").waveform;
    assert_eq!(sample.sample_rate, RATE);
    sample.samples
}

/// The sample, a pause of 2 s, and the sample again.
pub(crate) fn conversation() -> Vec<f32> {
    let sample = sample_sound();
    [&sample[..], &vec![0.0; 2 * RATE as usize], &sample[..]].concat()
}

/// A 16-bit mono WAV file.
pub(crate) fn wav(samples: &[f32]) -> Vec<u8> {
    wav_channels(&[samples.to_vec()])
}

/// A 16-bit WAV file with these channels, of the length of the longest.
pub(crate) fn wav_channels(channels: &[Vec<f32>]) -> Vec<u8> {
    let samples = interleaved(channels);
    let data: Vec<u8> =
        samples.iter().flat_map(|x| ((x * 32_768.0).round() as i16).to_le_bytes()).collect();
    wav_of(1, channels.len() as u16, RATE, 16, &data)
}

/// Samples `[frames, channels]`; shorter channels end with silence.
pub(crate) fn interleaved(channels: &[Vec<f32>]) -> Vec<f32> {
    let frames = channels.iter().map(Vec::len).max().unwrap_or(0);
    let at = |channel: &Vec<f32>, i: usize| channel.get(i).copied().unwrap_or(0.0);
    (0..frames).flat_map(|i| channels.iter().map(move |channel| at(channel, i))).collect()
}

/// A call: one speaks, then the other, on channels of their own.
pub(crate) fn call() -> [Vec<f32>; 2] {
    let sample = sample_sound();
    // At two thirds of its speed, which is another sound to a model.
    let slow = sample.chunks_exact(2).flat_map(|p| [p[0], 0.5 * (p[0] + p[1]), p[1]]);
    let pause = vec![0.0; sample.len() + RATE as usize];
    let second = pause.into_iter().chain(slow).collect();
    [sample, second]
}

/// A server that runs.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    pub(crate) ended: JoinHandle<Result<(), ServerError>>,
}

impl TestServer {
    pub(crate) async fn start(config: ServerConfig) -> Self {
        let server = Server::bind(config).await.expect("a server");
        let (address, handle) = (server.address(), server.handle());
        Self { address, handle, ended: tokio::spawn(server.run()) }
    }

    /// With the tiny model and these limits.
    pub(crate) async fn with(limits: Limits) -> Self {
        Self::start(ServerConfig { limits, ..config() }).await
    }
}

/// The tiny model on a free port.
pub(crate) fn config() -> ServerConfig {
    let models = vec![ModelSource::Ready(tiny())];
    ServerConfig { listen: "127.0.0.1:0".parse().expect("an address"), ..ServerConfig::new(models) }
}
