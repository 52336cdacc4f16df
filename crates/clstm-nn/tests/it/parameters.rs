//! Named tensors out of a module and back.

use clstm_nn::{NetworkError, Preset, load_parameters, parameters};

use crate::device;

#[test]
fn parameters_survive_the_round_trip() {
    let from = Preset::Clstm.network(8).init(1, &device()).expect("a network");
    let to = Preset::Clstm.network(8).init(2, &device()).expect("a network");
    assert_ne!(parameters(&from), parameters(&to));
    let to = load_parameters(to, parameters(&from)).expect("the same network");
    assert_eq!(parameters(&from), parameters(&to));
}

#[test]
fn weights_of_another_network_are_refused() {
    let network = || Preset::Clstm.network(8).init(1, &device()).expect("a network");
    let all = parameters(&network());

    let mut missing = all.clone();
    missing.retain(|t| t.name != "head.class_bias");
    let error = load_parameters(network(), missing).expect_err("a tensor is missing");
    assert!(matches!(&error, NetworkError::MissingTensor { name } if name == "head.class_bias"));

    let mut unknown = all.clone();
    unknown[0].name = "lflbs.9.nothing".to_owned();
    assert!(load_parameters(network(), unknown).is_err());

    let mut more = all.clone();
    more.push(clstm_nn::NamedTensor { name: "extra".to_owned(), ..all[0].clone() });
    let error = load_parameters(network(), more).expect_err("an unknown tensor");
    assert!(matches!(&error, NetworkError::UnknownTensor { name } if name == "extra"));

    let mut reshaped = all.clone();
    reshaped[0].shape.push(1);
    let error = load_parameters(network(), reshaped).expect_err("another shape");
    assert!(matches!(error, NetworkError::TensorShape { .. }));

    let mut poisoned = all;
    poisoned[3].values[2] = f32::NAN;
    let error = load_parameters(network(), poisoned).expect_err("a NaN");
    assert!(matches!(error, NetworkError::NonFinite { index: 2, .. }));
}
