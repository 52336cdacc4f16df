//! The engine against the network, and what it allocates.

use clstm_nn::burn::tensor::{Device, Tensor, TensorData};
use clstm_nn::{
    EngineOutput, InferenceEngine, Mode, NamedTensor, Network, NetworkConfig, NetworkError,
    Parameter, Peepholes, Precision, Preset, Reset, load_parameters, parameters_with_roles,
};

use crate::allocations::allocated;
use crate::network::small;
use crate::random::Random;
use crate::{distance, floats};

const LENGTH: usize = 320;

/// A network whose norms and biases are not those of a new one, and its tensors.
fn trained(config: &NetworkConfig, precision: Precision) -> (Network, Vec<NamedTensor>) {
    let network = config.init(5, &Device::flex()).expect("a network");
    let mut random = Random::new(6);
    let mut parameters = parameters_with_roles(&network);
    for Parameter { tensor, role } in &mut parameters {
        let noise = random.vec(tensor.values.len(), 0.3);
        for (value, noise) in tensor.values.iter_mut().zip(noise) {
            *value += if role.is_weight() { noise } else { noise.abs() };
        }
    }
    let tensors: Vec<_> = parameters.into_iter().map(|p| p.tensor).collect();
    let network = load_parameters(network, tensors.clone()).expect("its own tensors");
    (network.with_precision(precision), tensors)
}

fn engine(
    config: &NetworkConfig,
    tensors: &[NamedTensor],
    precision: Precision,
) -> InferenceEngine {
    InferenceEngine::new(config, tensors, precision).expect("the network's own tensors")
}

/// Runs both over the same segments and compares.
fn compare(name: &str, config: &NetworkConfig, precision: Precision, most: f32) {
    let (network, tensors) = trained(config, precision);
    let [batch, time, length] = [3, 5, config.segment_length];
    let segments = Random::new(4).vec(batch * time * length, 0.3);
    let scores = engine(config, &tensors, precision).run(&segments, [batch, time]);
    let segments = TensorData::new(segments, [batch, time, length]);
    let segments = Tensor::<3>::from_data(segments, &Device::flex());
    let output = network.forward(segments, Mode::Inference);
    for (what, ours, theirs) in [
        ("features", scores.features, floats(output.features)),
        ("logits", scores.logits, floats(output.logits)),
    ] {
        assert!(theirs.iter().any(|x| x.abs() > 0.1), "{name}: {what} {theirs:?}");
        let distance = distance(&ours, &theirs);
        assert!(distance < most, "{name}: {what} off by {distance}");
    }
}

#[test]
fn every_preset_gives_the_scores_of_its_network() {
    for preset in Preset::ALL {
        for precision in Precision::ALL {
            // The same kernels on the same operands: bf16 rounds alike in both.
            compare(preset.name(), &small(preset), precision, 1e-5);
        }
    }
    compare("full size", &Preset::Clstm.network(8), Precision::F32, 1e-5);
    // The network takes the sines of its filters in single precision, of angles up to 580 rad, which
    // are known to 3e-5 rad; the engine takes them in double precision.
    compare("full size", &Preset::ClstmPlus.network(8), Precision::F32, 1e-4);
}

#[test]
fn every_kind_of_block_gives_the_scores_of_its_network() {
    for (peepholes, input_norm, reset) in [
        (Peepholes::None, false, Reset::After),
        (Peepholes::Full, true, Reset::Before),
        (Peepholes::Full, false, Reset::After),
    ] {
        let mut config = small(Preset::Clstm);
        // A partial last window, a pool beyond the length, and a stride within a skip connection.
        config.segment_length = 333;
        config.blocks[1].stride = 2;
        config.blocks[1].pool = 3;
        config.blocks[3].pool = 70_000 / 16;
        for block in &mut config.blocks {
            (block.peepholes, block.input_norm) = (peepholes, input_norm);
        }
        config.gflb = clstm_nn::GflbConfig::BiGru { hidden: 7, layers: 3, reset };
        compare(&format!("{peepholes:?} {reset:?}"), &config, Precision::F32, 1e-5);
    }
}

#[test]
fn an_utterance_has_the_same_bits_alone_in_a_batch_and_on_any_threads() {
    for (preset, precision) in [
        (Preset::Clstm, Precision::F32),
        (Preset::Clstm, Precision::Bf16),
        (Preset::ConvLstmSkipBiLstm, Precision::F32),
        (Preset::ClstmPlus, Precision::Bf16),
    ] {
        let config = small(preset);
        let (_, tensors) = trained(&config, precision);
        let engine = engine(&config, &tensors, precision);
        let (batch, time) = (19, 4);
        let segments = Random::new(9).vec(batch * time * LENGTH, 0.3);
        let mut alone = EngineOutput::default();
        for utterance in segments.chunks_exact(time * LENGTH) {
            let scores = engine.run(utterance, [1, time]);
            alone.features.extend(scores.features);
            alone.logits.extend(scores.logits);
        }
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("threads");
            // Fewer utterances than threads share them with their branches.
            for count in [1, 3, batch] {
                let segments = &segments[..count * time * LENGTH];
                let scores = pool.install(|| engine.run(segments, [count, time]));
                let what = format!("{preset} {precision}, {count} on {threads} threads");
                assert!(alone.logits.starts_with(&scores.logits), "logits of {what}");
                assert!(alone.features.starts_with(&scores.features), "features of {what}");
                assert_eq!(scores.logits.len(), count * config.classes, "{what}");
            }
        }
    }
}

#[test]
fn weights_of_another_network_are_refused() {
    let config = small(Preset::Clstm);
    let (_, tensors) = trained(&config, Precision::F32);
    let refused = |change: fn(&mut Vec<NamedTensor>)| {
        let mut tensors = tensors.clone();
        change(&mut tensors);
        InferenceEngine::new(&config, &tensors, Precision::F32).expect_err("not its tensors")
    };
    let error = refused(|t| t.retain(|t| t.name != "gflb.gru.1.bwd.u"));
    assert!(matches!(&error, NetworkError::MissingTensor { name } if name == "gflb.gru.1.bwd.u"));
    let error = refused(|t| t.push(NamedTensor { name: "extra".to_owned(), ..t[0].clone() }));
    assert!(matches!(&error, NetworkError::UnknownTensor { name } if name == "extra"));
    let error = refused(|t| t[0].shape.push(1));
    assert!(matches!(error, NetworkError::TensorShape { .. }));
    let error = refused(|t| t[3].values[2] = f32::NAN);
    assert!(matches!(error, NetworkError::NonFinite { index: 2, .. }));
    let senseless = NetworkConfig { classes: 0, ..config.clone() };
    let error = InferenceEngine::new(&senseless, &tensors, Precision::F32).expect_err("no classes");
    assert!(matches!(error, NetworkError::Config(_)));
}

/// Bytes a run may ask the allocator for: the scores themselves and the lists of its tasks. The
/// intermediate results of this network are some two megabytes.
const MOST: usize = 2048;

#[test]
fn a_second_run_allocates_next_to_nothing() {
    let config = Preset::Clstm.network(8);
    let (_, tensors) = trained(&config, Precision::F32);
    let engine = engine(&config, &tensors, Precision::F32);
    let segments = Random::new(4).vec(24 * config.segment_length, 0.3);
    // On one thread, whose allocations are counted; other tests may take buffers from the pool
    // between the runs, so that the best of some counts.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let (first, least) = pool.install(|| {
        let first = allocated(|| drop(engine.run(&segments, [1, 24])));
        let runs = (0..20).map(|_| allocated(|| drop(engine.run(&segments, [1, 24]))));
        (first, runs.min().expect("some runs"))
    });
    eprintln!("the first run allocated {first} bytes, a later one {least}");
    assert!(least < MOST, "{least} bytes");
}
