//! The network on a device without fused layers, as a GPU is one, against the CPU device.

use clstm_nn::burn::module::Module;
use clstm_nn::burn::tensor::Device;
use clstm_nn::{
    Mode, Network, NetworkError, Parameter, Precision, Preset, gradients, load_parameters,
    parameters, parameters_with_roles, require_precision, update_weights,
};

use crate::network::{network, segments};
use crate::random::Random;
use crate::{distance, floats, tensor};

/// Largest difference relative to the largest value, for gradients that of all weights. Both compute in f32 but sum in another order:
/// 2^-24 an addition, which the steps of four recurrent blocks and batch norms add to.
const TOLERANCE: f32 = 5e-5;

/// A device of its own in this process: a tensor of the CPU device that strays into it panics.
#[expect(deprecated, reason = "the one further device that is light to build")]
fn second() -> Device {
    Device::ndarray().autodiff()
}

/// The same network there.
fn moved(network: &Network, preset: Preset) -> Network {
    let there = crate::network::small(preset).init(0, &second()).expect("a network");
    load_parameters(there, parameters(network)).expect("the same network")
}

#[test]
fn a_training_step_is_that_of_the_cpu() {
    let probe = tensor::<2>(&Random::new(8).vec(24, 1.0), [3, 8]);
    for preset in Preset::ALL {
        let here = network(preset, 1);
        let there = moved(&here, preset);
        let run = |network: Network, device: &Device| {
            let x = segments().to_device(device);
            let output = network.forward(x.clone(), Mode::training(2));
            let loss = (output.logits.clone() * probe.clone().to_device(device)).sum();
            let grads = gradients(&network, &mut loss.backward());
            let network = update_weights(network, &mut |index, values| {
                let gradient = grads[index].as_ref().expect("every weight has a gradient");
                values.iter_mut().zip(gradient).for_each(|(v, g)| *v -= 1e-3 * g);
            });
            let after = parameters_with_roles(&network);
            assert!(network.devices().iter().all(|d| d == device), "{preset}");
            let network = network.valid();
            let x = x.without_autodiff();
            let inference = network.forward(x, Mode::Inference);
            (floats(output.logits), floats(output.features), grads, after, floats(inference.logits))
        };
        let a = run(here, &crate::device());
        let b = run(there, &second());
        let near = |what: &str, a: &[f32], b: &[f32]| {
            assert!(distance(a, b) < TOLERANCE, "{preset}, {what}: {}", distance(a, b));
        };
        near("logits", &a.0, &b.0);
        near("features", &a.1, &b.1);
        let largest = |grads: &[Option<Vec<f32>>]| {
            grads.iter().flatten().flatten().fold(0.0_f32, |most, g| most.max(g.abs()))
        };
        let scale = largest(&a.2);
        let weights = a.3.iter().filter(|p| p.role.is_weight()).map(|p| &p.tensor);
        for ((a, b), weight) in a.2.iter().zip(&b.2).zip(weights) {
            let (a, b) = (a.as_ref().expect("a gradient"), b.as_ref().expect("a gradient"));
            let worst = a.iter().zip(b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
            let name = &weight.name;
            assert!(worst < TOLERANCE * scale, "{preset}, gradient of {name}: {worst} of {scale}");
        }
        for (Parameter { tensor: a, .. }, Parameter { tensor: b, .. }) in a.3.iter().zip(&b.3) {
            assert_eq!((&a.name, &a.shape), (&b.name, &b.shape));
            near(&a.name, &a.values, &b.values); // running statistics among them
        }
        near("inference", &a.4, &b.4);
    }
}

#[test]
fn bf16_is_refused_where_it_would_be_f32() {
    assert!(require_precision(Precision::Bf16, &crate::device()).is_ok());
    assert!(require_precision(Precision::F32, &second()).is_ok());
    let refused = require_precision(Precision::Bf16, &second());
    assert!(matches!(refused, Err(NetworkError::Precision(Precision::Bf16))));
}
