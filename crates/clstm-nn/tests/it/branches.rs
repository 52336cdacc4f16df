//! Networks of several branches.

use clstm_nn::burn::tensor::Device;
use clstm_nn::{
    InferenceEngine, Mode, NamedTensor, NetworkConfig, NetworkError, Output, Precision, Preset,
    load_parameters, parameters, parameters_with_roles,
};

use crate::network::{segments, small};
use crate::random::Random;
use crate::{device, distance, floats, tensor};

/// `clstm-plus` in small with `clstm` in small beside it.
pub(crate) fn pair() -> NetworkConfig {
    let beside = NetworkConfig { features: 9, ..small(Preset::Clstm) };
    NetworkConfig { branches: vec![beside], ..small(Preset::ClstmPlus) }
}

/// The tensors of one branch of [`pair`], under the names that it has by itself.
fn own(tensors: &[NamedTensor], branch: usize) -> Vec<NamedTensor> {
    let further = |t: &NamedTensor| t.name.starts_with("branches.");
    let own = tensors.iter().filter(|t| further(t) == (branch > 0)).cloned();
    own.map(|t| NamedTensor { name: t.name.replace("branches.0.", ""), ..t }).collect()
}

/// Each branch of [`pair`] by itself, with the weights that it has in the pair.
fn alone(tensors: &[NamedTensor]) -> [Output; 2] {
    let pair = pair();
    let configs =
        [NetworkConfig { branches: Vec::new(), ..pair.clone() }, pair.branches[0].clone()];
    [0, 1].map(|branch| {
        let network = configs[branch].init(0, &device()).expect("a network");
        let network = load_parameters(network, own(tensors, branch)).expect("its tensors");
        network.forward(segments(), Mode::Inference)
    })
}

#[test]
fn branches_return_the_mean_of_their_logits() {
    let network = pair().init(3, &device()).expect("a network");
    let [a, b] = alone(&parameters(&network));
    let output = network.forward(segments(), Mode::Inference);
    assert_eq!((output.features.dims(), output.logits.dims()), ([3, 12 + 9], [3, 8]));
    let mean = floats((a.logits.clone() + b.logits.clone()).div_scalar(2.0));
    assert!(distance(&floats(output.logits), &mean) < 1e-6);
    let features = [(0, 12, a.features), (12, 9, b.features)];
    for (start, width, expected) in features {
        let found = floats(output.features.clone().narrow(1, start, width));
        assert_eq!(found, floats(expected), "features from {start}");
    }
    assert!(distance(&floats(a.logits), &floats(b.logits)) > 1e-2, "both give the same logits");
}

#[test]
fn the_engine_gives_the_scores_of_all_branches() {
    let config = pair();
    for precision in Precision::ALL {
        let network = config.init(3, &Device::flex()).expect("a network").with_precision(precision);
        let engine =
            InferenceEngine::new(&config, &parameters(&network), precision).expect("an engine");
        let input = Random::new(4).vec(19 * 5 * 320, 0.3);
        let scores = engine.run(&input, [19, 5]);
        let output = network.forward(
            tensor(&input, [19, 5, 320]).inner().to_device(&Device::flex()),
            Mode::Inference,
        );
        assert!(distance(&scores.features, &floats(output.features)) < 1e-4, "{precision}");
        assert!(distance(&scores.logits, &floats(output.logits)) < 1e-4, "{precision}");
        // To the last bit alone.
        let one = engine.run(&input[5 * 320..2 * 5 * 320], [1, 5]);
        assert_eq!(
            (&one.features[..], &one.logits[..]),
            (&scores.features[21..42], &scores.logits[8..16])
        );
    }
}

#[test]
fn branches_have_weights_and_dropout_of_their_own() {
    let twin = small(Preset::Clstm);
    let config = NetworkConfig { branches: vec![twin.clone()], ..twin };
    let network = config.init(3, &device()).expect("a network");
    let tensors = parameters(&network);
    let named = |name: &str| {
        let found = tensors.iter().find(|t| t.name == name);
        found.unwrap_or_else(|| panic!("no {name}")).values.clone()
    };
    assert_ne!(named("gflb.gru.0.fwd.u"), named("branches.0.gflb.gru.0.fwd.u"));

    // Both have the same weights: they differ in dropout only.
    let twins = own(&tensors, 0)
        .into_iter()
        .flat_map(|t| [NamedTensor { name: format!("branches.0.{}", t.name), ..t.clone() }, t]);
    let network = load_parameters(network, twins.collect()).expect("its names");
    let [a, b] = &network.forward_branches(segments(), Mode::Inference)[..] else { panic!("two") };
    assert_eq!(floats(a.logits.clone()), floats(b.logits.clone()));
    let mode = Mode::training(5);
    let [a, b] = &network.forward_branches(segments(), mode)[..] else { panic!("two") };
    assert!(distance(&floats(a.logits.clone()), &floats(b.logits.clone())) > 1e-3);
}

#[test]
fn every_branch_is_reached_by_gradients() {
    let network = pair().init(1, &device()).expect("a network");
    let output = network.forward(segments(), Mode::training(2));
    let probe = tensor::<2>(&Random::new(8).vec(24, 1.0), [3, 8]);
    let mut grads = (output.logits * probe).sum().backward();
    let gradients = clstm_nn::gradients(&network, &mut grads);
    let mut weights = parameters_with_roles(&network);
    weights.retain(|p| p.role.is_weight());
    assert_eq!(gradients.len(), weights.len());
    for (gradient, weight) in gradients.iter().zip(weights.iter().map(|p| &p.tensor)) {
        let values = gradient.as_ref().unwrap_or_else(|| panic!("{} has none", weight.name));
        assert!(values.iter().any(|v| *v != 0.0), "{} gets none", weight.name);
    }
}

#[test]
fn branches_that_do_not_fit_are_named() {
    let refused = |change: fn(&mut NetworkConfig)| {
        let mut config = pair();
        change(&mut config);
        match config.init(0, &device()) {
            Err(NetworkError::Config(message)) => message,
            other => panic!("accepted: {other:?}"),
        }
    };
    let message = refused(|c| c.branches[0].classes = 4);
    assert_eq!(message, "branches[0].classes is 4, the network's 8");
    let message = refused(|c| c.branches[0].segment_length = 160);
    assert_eq!(message, "branches[0].segment_length is 160, the network's 320");
    assert!(refused(|c| c.branches[0].sample_rate = 8_000).contains("branches[0].sample_rate"));
    assert!(refused(|c| c.branches[0].blocks[1].pool = 0).contains("branches[0]: "));
    assert!(refused(|c| c.branches[0].branches.push(small(Preset::Clstm))).contains("of its own"));
    assert!(refused(|c| c.branches = vec![c.branches[0].clone(); 16]).contains("16 branches"));
}
