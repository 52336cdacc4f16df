//! Networks whose recurrent layers multiply in `bf16`.

use clstm_nn::{Mode, Precision, Preset, gradients};

use crate::network::{network, segments};
use crate::random::Random;
use crate::{distance, floats, tensor};

/// A `bf16` operand is off by at most 2^-9 = 0.2%, but in this small network that makes max pooling
/// and ReLU choose otherwise here and there: rounding nothing but its weights so moves the logits by
/// 4% and the gradient by 15%. The layers alone are held to closer bounds in `clstm-kernels`.
const LOGITS: f32 = 0.2;
/// Least cosine between the gradients.
const COSINE: f64 = 0.9;

#[test]
fn bf16_gives_nearly_the_logits_and_gradients_of_f32() {
    for preset in [Preset::Clstm, Preset::ConvLstmSkipBiLstm] {
        let run = |precision| {
            let network = network(preset, 1).with_precision(precision);
            let output = network.forward(segments(), Mode::training(2));
            let probe = tensor::<2>(&Random::new(8).vec(24, 1.0), [3, 8]);
            let mut grads = (output.logits.clone() * probe).sum().backward();
            let grads = gradients(&network, &mut grads).into_iter();
            let grads = grads.flat_map(|grad| grad.expect("a gradient")).map(f64::from).collect();
            (floats(output.logits), grads)
        };
        let exact: (_, Vec<f64>) = run(Precision::F32);
        let near = run(Precision::Bf16);
        let difference = distance(&exact.0, &near.0);
        assert!(difference > 0.0, "{preset}: the precision does not matter");
        assert!(difference < LOGITS, "{preset}: {difference}");
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let norms = dot(&exact.1, &exact.1).sqrt() * dot(&near.1, &near.1).sqrt();
        let cosine = dot(&exact.1, &near.1) / norms;
        assert!(cosine > COSINE, "{preset}: {cosine}");
    }
}

#[test]
fn names_of_precisions_are_read_back_and_others_refused() {
    for precision in Precision::ALL {
        assert_eq!(precision.name().parse::<Precision>().expect("its own name"), precision);
        let json = serde_json::to_string(&precision).expect("JSON");
        assert_eq!(json, format!("\"{precision}\""));
        assert_eq!(serde_json::from_str::<Precision>(&json).expect("its own name"), precision);
    }
    let error = "fp16".parse::<Precision>().expect_err("no such precision");
    assert_eq!(error.name, "fp16");
    assert!(error.to_string().contains("fp16") && error.to_string().contains("f32, bf16"));
}
