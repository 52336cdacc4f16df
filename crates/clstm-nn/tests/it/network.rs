//! The whole network: every preset, its gradients, its seeds.

use clstm_nn::burn::module::Module;
use clstm_nn::burn::tensor::{Device, Tensor};
use clstm_nn::{
    GflbConfig, Mode, Network, NetworkConfig, NetworkError, Preset, TemporalPooling, parameters,
    parameters_with_roles,
};

use crate::random::Random;
use crate::{device, distance, floats, tensor};

/// The preset with sizes that a test can afford.
pub(crate) fn small(preset: Preset) -> NetworkConfig {
    let mut config = preset.network(8);
    config.branches.iter_mut().for_each(shrink);
    shrink(&mut config);
    config
}

fn shrink(config: &mut NetworkConfig) {
    config.segment_length = 320;
    for block in &mut config.blocks {
        block.filters = 8;
    }
    if let Some(bank) = &mut config.filterbank {
        (bank.filters, bank.kernel, bank.freq_mask_max_width) = (16, 64, 3);
        // Frames of 160 samples: two or more steps are left behind the convolutions of each preset.
        bank.stride = 40;
        for block in &mut config.convolutions {
            block.filters = 5;
        }
    } else {
        config.blocks[0].kernel_input = 64;
    }
    if let TemporalPooling::Attention { hidden } = &mut config.temporal_pooling {
        *hidden = 6;
    }
    if let GflbConfig::BiGru { hidden, .. } | GflbConfig::BiLstm { hidden, .. } = &mut config.gflb {
        *hidden = 10;
    }
    config.features = 12;
}

pub(crate) fn segments() -> Tensor<3> {
    tensor(&Random::new(4).vec(3 * 5 * 320, 0.3), [3, 5, 320])
}

pub(crate) fn network(preset: Preset, seed: u64) -> Network {
    small(preset).init(seed, &device()).expect("a valid configuration")
}

#[test]
fn every_preset_reaches_every_weight_with_a_gradient() {
    for preset in Preset::ALL {
        let network = network(preset, 1);
        let output = network.forward(segments(), Mode::training(2));
        assert_eq!(output.logits.dims(), [3, 8], "{preset}");
        assert_eq!(output.features.dims(), [3, small(preset).deep_feature()], "{preset}");
        let probe = tensor::<2>(&Random::new(8).vec(24, 1.0), [3, 8]);
        let mut grads = (output.logits * probe).sum().backward();
        let gradients = clstm_nn::gradients(&network, &mut grads);
        let weights: Vec<_> =
            parameters_with_roles(&network).into_iter().filter(|p| p.role.is_weight()).collect();
        assert_eq!(gradients.len(), weights.len(), "{preset}");
        for (gradient, weight) in gradients.iter().zip(weights.iter().map(|p| &p.tensor)) {
            let values = gradient.as_ref().unwrap_or_else(|| panic!("{preset}: {}", weight.name));
            assert_eq!(values.len(), weight.values.len());
            assert!(values.iter().all(|v| v.is_finite()), "{preset}: {}", weight.name);
            assert!(values.iter().any(|v| *v != 0.0), "{preset}: {} gets none", weight.name);
        }
    }
}

#[test]
fn clstm_tiny_has_fewer_than_50_000_parameters() {
    let network = Preset::ClstmTiny.network(8).init(1, &device()).expect("a valid configuration");
    let tensors = parameters(&network);
    let count: usize = tensors.iter().map(|tensor| tensor.values.len()).sum();
    assert!((40_000..50_000).contains(&count), "{count}");
    let has = |part: &str| tensors.iter().any(|tensor| tensor.name.contains(part));
    for part in ["filterbank", "convolutions.2", "conv_lstm", "gru.1.bwd", "attention"] {
        assert!(has(part), "{part}");
    }
}

#[test]
fn presets_differ_as_in_table_1() {
    let has =
        |preset, part: &str| parameters(&network(preset, 0)).iter().any(|p| p.name.contains(part));
    let rows = Preset::TABLE_1.map(|p| (has(p, "skip"), has(p, "lstm.0.fwd"), has(p, "gru.0.fwd")));
    assert_eq!(
        rows,
        [
            (false, false, false),
            (true, false, false),
            (false, true, false),
            (true, true, false),
            (false, false, true),
            (true, false, true),
            (true, false, true),
        ]
    );
    assert_eq!(Preset::TABLE_1.map(Preset::center_loss).iter().filter(|c| **c).count(), 1);
}

#[test]
fn the_seed_decides_the_weights_and_the_dropout() {
    let run = |weights, dropout| {
        let output = network(Preset::Clstm, weights).forward(segments(), Mode::training(dropout));
        floats(output.logits)
    };
    assert_eq!(run(1, 1), run(1, 1));
    assert!(distance(&run(1, 1), &run(2, 1)) > 1e-3);
    assert!(distance(&run(1, 1), &run(1, 2)) > 1e-3);
}

#[test]
fn inference_does_not_depend_on_the_rest_of_the_batch() {
    let network = network(Preset::Clstm, 3);
    let _ = network.forward(segments(), Mode::training(0)); // moves the running statistics
    let network = network.valid();
    let plain = Device::flex();
    let all = network.forward(segments().inner().to_device(&plain), Mode::Inference).logits;
    let one = segments().inner().to_device(&plain).narrow(0, 1, 1);
    let one = network.forward(one, Mode::Inference).logits;
    assert!(distance(&floats(one), &floats(all.narrow(0, 1, 1))) < 1e-5);
}

#[test]
fn senseless_sizes_are_named() {
    let refused = |change: fn(&mut NetworkConfig)| {
        let mut config = small(Preset::Clstm);
        change(&mut config);
        match config.init(0, &device()) {
            Err(NetworkError::Config(message)) => message,
            other => panic!("accepted: {other:?}"),
        }
    };
    assert!(refused(|c| c.blocks[1].pool = 0).contains("blocks[1].pool"));
    assert!(refused(|c| c.classes = 0).contains("classes"));
    assert!(refused(|c| c.blocks.clear()).contains("blocks"));
    assert!(refused(|c| c.dropout = 1.0).contains("dropout"));
    assert!(refused(|c| c.blocks[0].filters = 1 << 20).contains("filters"));
    let unknown = "clstm-max".parse::<Preset>().expect_err("no such preset").to_string();
    assert!(unknown.contains("clstm-max") && unknown.contains("convlstm-skip-bigru"), "{unknown}");
}
