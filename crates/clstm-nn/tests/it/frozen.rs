//! Layers that a training does not change.

use clstm_nn::{
    Mode, NetworkConfig, NetworkSpec, Parameter, ParameterKind, Preset, gradients,
    parameters_with_roles, update_weights,
};

use crate::branches::pair;
use crate::device;
use crate::network::{segments, small};
use crate::random::Random;
use crate::tensor;

/// `(path of the layer, layers before it, layers after it)` of every layer of every branch.
fn layers(config: &NetworkConfig) -> Vec<(String, usize, usize)> {
    let spec = NetworkSpec::new(config).expect("a network");
    let mut all = Vec::new();
    for (branch, layers) in spec.branches.iter().enumerate() {
        let prefix = if branch == 0 { String::new() } else { format!("branches.{}.", branch - 1) };
        let paths: Vec<&str> = layers.layers_with_tensors().map(|layer| &*layer.path).collect();
        for (index, path) in paths.iter().enumerate() {
            all.push((format!("{prefix}{path}."), index, paths.len() - 1 - index));
        }
    }
    all
}

fn layer_of<'a>(
    layers: &'a [(String, usize, usize)],
    parameter: &Parameter,
) -> &'a (String, usize, usize) {
    let found = layers.iter().find(|(path, ..)| parameter.tensor.name.starts_with(path));
    found.unwrap_or_else(|| panic!("{} belongs to no layer", parameter.tensor.name))
}

#[test]
fn roles_have_the_position_of_the_layer_in_its_branch() {
    let configs = Preset::ALL.map(small).into_iter().chain([pair()]);
    for config in configs {
        let layers = layers(&config);
        let network = config.init(1, &device()).expect("a network");
        for parameter in parameters_with_roles(&network) {
            let (_, _, after) = layer_of(&layers, &parameter);
            assert_eq!(parameter.role.layers_to_head, *after, "{}", parameter.tensor.name);
            assert_ne!(parameter.role.kind, ParameterKind::Frozen);
        }
    }
    let plus = small(Preset::ClstmPlus);
    let alone = NetworkConfig { branches: Vec::new(), ..plus };
    let paths: Vec<String> = layers(&alone).into_iter().map(|(path, ..)| path).collect();
    assert_eq!((paths[0].as_str(), paths[paths.len() - 1].as_str()), ("filterbank.", "head."));
    assert_eq!(alone.layers_before_heads().expect("a network"), paths.len() - 1);
    let fewest = layers(&pair()).iter().filter(|(_, _, after)| *after == 0).map(|it| it.1).min();
    assert_eq!(pair().layers_before_heads().expect("a network"), fewest.expect("a head"));
}

#[test]
fn a_step_changes_only_layers_that_are_not_frozen() {
    for config in Preset::ALL.map(small).into_iter().chain([pair()]) {
        let most = config.layers_before_heads().expect("a network");
        for frozen in [0, 1, most] {
            let layers = layers(&config);
            let network = config.init(1, &device()).expect("a network").with_frozen_layers(frozen);
            let before = parameters_with_roles(&network);
            let probe = tensor::<2>(&Random::new(8).vec(24, 1.0), [3, 8]);
            let output = network.forward(segments(), Mode::training(2));
            let grads = gradients(&network, &mut (output.logits * probe).sum().backward());
            let weights = before.iter().filter(|p| p.role.is_weight()).count();
            assert_eq!(grads.len(), weights);
            assert!(grads.iter().all(Option::is_some), "a trained weight has a gradient");
            // A gradient may be too small to change a large weight.
            let network = update_weights(network, &mut |_, values| {
                values.iter_mut().for_each(|weight| *weight += 0.1);
            });
            for (old, new) in before.iter().zip(parameters_with_roles(&network)) {
                let (path, index, _) = layer_of(&layers, old);
                let is_frozen = *index < frozen;
                assert_eq!(old.role.kind == ParameterKind::Frozen, is_frozen, "{path}");
                let same = old.tensor.values == new.tensor.values;
                assert_eq!(same, is_frozen, "{frozen} frozen layers: {}", old.tensor.name);
            }
        }
    }
}

/// The filterbank's masks and VTLP are augmentation: a frozen filterbank has them too.
#[test]
fn a_frozen_filterbank_is_still_augmented() {
    let config = NetworkConfig { dropout: 0.0, ..small(Preset::ClstmPlus) };
    let config = NetworkConfig { branches: Vec::new(), ..config };
    let most = config.layers_before_heads().expect("a network");
    let network = config.init(1, &device()).expect("a network").with_frozen_layers(most);
    let features = |mode| crate::floats(network.forward(segments(), mode).features);
    assert_eq!(features(Mode::training(2)), features(Mode::training(2)));
    assert_ne!(features(Mode::training(2)), features(Mode::training(3)));
    assert_ne!(features(Mode::training(2)), features(Mode::Inference));
}
