//! Networks whose recurrent layers multiply in `bf16`.

use clstm_nn::{Mode, NetworkError, Precision, Preset, gradients};

use crate::network::{network, segments};
use crate::random::Random;
use crate::{distance, floats, tensor};

/// Largest difference to `f32`, relative to the largest value. A `bf16` operand is off by at most
/// 2^-9 = 0.2%; products average that out, but four recurrent blocks and the GFLB pass it on through
/// their steps.
const TOLERANCE: f32 = 0.05;

#[test]
fn bf16_gives_nearly_the_logits_and_gradients_of_f32() {
    for preset in [Preset::Clstm, Preset::ConvLstmSkipBiLstm] {
        let run = |precision| {
            let network = network(preset, 1).with_precision(precision);
            let output = network.forward(segments(), Mode::Training { seed: 2 });
            let probe = tensor::<2>(&Random::new(8).vec(24, 1.0), [3, 8]);
            let mut grads = (output.logits.clone() * probe).sum().backward();
            (floats(output.logits), gradients(&network, &mut grads))
        };
        let ((exact, exact_grads), (near, near_grads)) =
            (run(Precision::F32), run(Precision::Bf16));
        assert!(distance(&exact, &near) < TOLERANCE, "{preset}: {}", distance(&exact, &near));
        let all = |grads: Vec<Option<Vec<f32>>>| -> Vec<f32> {
            grads.into_iter().flat_map(|grad| grad.expect("a gradient")).collect()
        };
        let (exact, near) = (all(exact_grads), all(near_grads));
        assert!(distance(&exact, &near) < TOLERANCE, "{preset}: {}", distance(&exact, &near));
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
    assert!(matches!(error, NetworkError::UnknownPrecision { .. }));
    assert!(error.to_string().contains("fp16") && error.to_string().contains("f32, bf16"));
}
