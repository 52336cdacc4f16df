//! Continuous targets: the CCC loss and the head.

use clstm_nn::burn::module::Param;
use clstm_nn::burn::tensor::{Device, Tensor};
use clstm_nn::{
    BranchSpan, InferenceEngine, Mode, NetworkConfig, NetworkError, Precision, Preset,
    TrainedTargets, ccc_loss, parameters, parameters_with_roles,
};

use crate::branches::pair;
use crate::network::{segments, small};
use crate::random::Random;
use crate::{distance, floats, param, tensor};

/// The loss of one or more dimensions; unknown values are those with 0 in `known`.
fn loss(predicted: &Param<Tensor<2>>, targets: &[f32], known: &[f32]) -> Option<Tensor<1>> {
    let shape @ [_, dimensions] = predicted.dims();
    let count = |d: usize| known.iter().skip(d).step_by(dimensions).sum();
    let counts: Vec<f32> = (0..dimensions).map(count).collect();
    ccc_loss(predicted.val(), tensor(targets, shape), tensor(known, shape), &counts)
}

fn value(predicted: &[f32], shape: &[usize], targets: &[f32], known: &[f32]) -> f32 {
    floats(loss(&param(predicted, shape), targets, known).expect("known values"))[0]
}

#[test]
fn the_loss_is_one_minus_the_concordance_of_a_hand_computed_example() {
    // Means 2.5 and 3, variances 1.25 and 1, covariance 1: CCC 2 / (1.25 + 1 + 0.25) = 0.8.
    let (x, y, all) = ([1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 4.0, 4.0], [1.0; 4]);
    assert!((value(&x, &[4, 1], &y, &all) - 0.2).abs() < 1e-6);
    assert!(value(&y, &[4, 1], &y, &all).abs() < 1e-6, "equal values");
    let reverse = [4.0, 4.0, 2.0, 2.0];
    assert!((value(&y, &[4, 1], &reverse, &all) - 2.0).abs() < 1e-6, "opposite values");
    // A constant has no correlation, also where it is the constant of the targets.
    assert!((value(&[3.0; 4], &[4, 1], &y, &all) - 1.0).abs() < 1e-6);
    assert!((value(&[3.0; 4], &[4, 1], &[3.0; 4], &all) - 1.0).abs() < 1e-6);
}

#[test]
fn unknown_values_and_dimensions_have_no_loss_and_no_gradient() {
    let nothing = 77.0;
    // The first dimension is that of the example with an unknown value between; the second has one known value.
    let x = [1.0, 5.0, 2.0, 5.0, 9.0, 5.0, 3.0, 5.0, 4.0, 5.0];
    let y = [2.0, 1.0, 2.0, nothing, nothing, nothing, 4.0, nothing, 4.0, nothing];
    let known = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    assert!((value(&x, &[5, 2], &y, &known) - 0.2).abs() < 1e-6);
    let predicted = param::<2>(&x, &[5, 2]);
    let mut grads = loss(&predicted, &y, &known).expect("a loss").backward();
    let gradient = floats(predicted.val().grad_remove(&mut grads).expect("a gradient"));
    for (i, (gradient, known)) in gradient.iter().zip(known).enumerate() {
        let counts = i % 2 == 0 && known > 0.0;
        assert_eq!(*gradient != 0.0, counts, "{i}: {gradient}");
    }
    assert!(loss(&predicted, &y, &[0.0; 10]).is_none());
}

#[test]
fn the_gradient_of_the_loss_is_that_of_finite_differences() {
    let mut random = Random::new(5);
    let (batch, dimensions) = (7, 3);
    let shape = [batch, dimensions];
    let x = random.vec(batch * dimensions, 1.0);
    let y = random.vec(batch * dimensions, 1.0);
    let mut known = vec![1.0; batch * dimensions];
    [2, 9, 10].iter().for_each(|i| known[*i] = 0.0);
    let predicted = param::<2>(&x, &shape);
    let mut grads = loss(&predicted, &y, &known).expect("a loss").backward();
    let gradient = floats(predicted.val().grad_remove(&mut grads).expect("a gradient"));
    let step = 1e-2;
    let numeric: Vec<f32> = (0..x.len())
        .map(|i| {
            let at = |sign: f32| {
                let mut moved = x.clone();
                moved[i] += sign * step;
                value(&moved, &shape, &y, &known)
            };
            (at(1.0) - at(-1.0)) / (2.0 * step)
        })
        .collect();
    assert!(distance(&gradient, &numeric) < 5e-3, "{gradient:?} {numeric:?}");
}

#[test]
fn a_constant_prediction_has_a_gradient_towards_the_targets() {
    // The head begins with zeros: its weights must move nevertheless.
    let predicted = param::<2>(&[0.0; 4], &[4, 1]);
    let mut grads =
        loss(&predicted, &[-1.0, 1.0, -1.0, 1.0], &[1.0; 4]).expect("a loss").backward();
    let gradient = floats(predicted.val().grad_remove(&mut grads).expect("a gradient"));
    assert!(gradient[0] > 0.1 && gradient[1] < -0.1, "{gradient:?}");
}

fn with_dimensions(config: NetworkConfig) -> NetworkConfig {
    NetworkConfig { dimensions: 3, ..config }
}

#[test]
fn the_head_changes_no_other_weight_and_spans_the_branches() {
    let device = Device::flex();
    let plain = parameters(&pair().init(3, &device).expect("a network"));
    let network = with_dimensions(pair()).init(3, &device).expect("a network");
    let all = parameters_with_roles(&network);
    let (head, rest): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|p| p.tensor.name.starts_with("dimension_head."));
    assert_eq!(rest.into_iter().map(|p| p.tensor).collect::<Vec<_>>(), plain);
    let [weight, bias] = &head[..] else { panic!("two tensors") };
    assert_eq!(
        (weight.tensor.name.as_str(), weight.tensor.shape.clone()),
        ("dimension_head.weight", vec![21, 3])
    );
    assert_eq!(weight.role.branch, BranchSpan::Runs(vec![12 * 3, 9 * 3]));
    assert!(weight.role.weight_decay && weight.role.is_weight() && !bias.role.weight_decay);
    for tensor in [weight, bias] {
        assert_eq!(tensor.role.targets, TrainedTargets::Dimensions);
    }
    assert_eq!(bias.tensor.values, [0.0; 3]);
}

#[test]
fn the_engine_gives_the_values_of_the_module() {
    for config in [with_dimensions(pair()), with_dimensions(small(Preset::Clstm))] {
        let network = config.init(3, &Device::flex()).expect("a network");
        let mut tensors = parameters(&network);
        let mut random = Random::new(8);
        for tensor in tensors.iter_mut().filter(|t| t.name.starts_with("dimension_head.")) {
            tensor.values = random.vec(tensor.values.len(), 1.0);
        }
        let network = clstm_nn::load_parameters(network, tensors.clone()).expect("its tensors");
        let segments = segments();
        let [batch, time, _] = segments.dims();
        let output = network.forward(segments.clone(), Mode::Inference);
        let head = network.dimension_head.as_ref().expect("a head");
        let expected = floats(head.forward(output.features));
        let engine = InferenceEngine::new(&config, &tensors, Precision::F32).expect("an engine");
        let found = engine.run(&floats(segments), [batch, time]);
        assert!(distance(&found.dimensions, &expected) < 1e-4, "{found:?} {expected:?}");
    }
    let config = small(Preset::Clstm);
    let tensors = parameters(&config.init(1, &Device::flex()).expect("a network"));
    let missing = InferenceEngine::new(&with_dimensions(config), &tensors, Precision::F32);
    assert!(matches!(missing, Err(NetworkError::MissingTensor { .. })));
}

#[test]
fn a_configuration_without_dimensions_is_written_as_before() {
    let plain = serde_json::to_string(&Preset::Clstm.network(8)).expect("JSON");
    assert!(!plain.contains("dimensions"), "{plain}");
    let mut config = with_dimensions(Preset::ClstmPlus.network(8));
    let json = serde_json::to_string(&config).expect("JSON");
    assert_eq!(serde_json::from_str::<NetworkConfig>(&json).expect("read"), config);
    config.branches[0].dimensions = 1;
    assert!(
        config.validate().expect_err("of a branch").to_string().contains("dimensions of its own")
    );
    let many = NetworkConfig { dimensions: 17, ..Preset::Clstm.network(8) };
    assert!(many.validate().expect_err("too many").to_string().contains("dimensions is 17"));
}
