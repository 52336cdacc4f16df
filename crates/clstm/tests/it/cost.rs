//! Networks whose sizes ask for more than the file is worth.

use clstm::{Model, ModelError, ModelLimits, Recognizer};
use clstm_nn::{GflbConfig, NetworkConfig, Peepholes, Reset};

use crate::support::{info, model, tiny, tiny_network};

/// The tiny weights with another network's description.
fn claimed(change: impl FnOnce(&mut NetworkConfig)) -> ModelError {
    let mut network = tiny_network();
    change(&mut network);
    let model = match Model::new(info(network), tiny().tensors) {
        Ok(model) => model,
        // Larger than any network may be.
        Err(error) => return error,
    };
    let bytes = model.to_bytes().expect("bytes");
    let read = Model::from_bytes(&bytes).expect_err("other weights");
    let error = Recognizer::new(model).expect_err("other weights");
    assert_eq!(read.to_string(), error.to_string());
    error
}

#[test]
fn a_network_larger_than_its_weights_is_not_begun() {
    let most = 1 << 16;
    let too_few = |error| {
        let found = matches!(error, ModelError::TooFewWeights { .. } | ModelError::Network(_));
        assert!(found, "{error}");
    };
    too_few(claimed(|n| n.blocks[0].filters = most));
    too_few(claimed(|n| n.blocks[0].kernel_input = most));
    too_few(claimed(|n| n.blocks[1].kernel_state = most));
    too_few(claimed(|n| n.gflb = GflbConfig::BiLstm { hidden: most, layers: 16 }));
    too_few(claimed(|n| {
        n.gflb = GflbConfig::BiGru { hidden: 9, layers: 16, reset: Reset::After };
    }));
    too_few(claimed(|n| n.features = most));
    too_few(claimed(|n| n.blocks = vec![n.blocks[0]; 64]));
    too_few(claimed(|n| {
        let beside = n.clone();
        n.branches.push(beside);
    }));
    too_few(claimed(|n| {
        for block in &mut n.blocks {
            (block.filters, block.kernel_input, block.kernel_state) = (most, most, most);
            block.peepholes = Peepholes::Full;
        }
    }));
}

/// A network with huge intermediate results, whatever its weights.
fn huge() -> NetworkConfig {
    let mut network = tiny_network();
    network.segment_length = 1 << 16;
    network.blocks[0].stride = 1;
    network.blocks[0].pool = 1 << 14;
    network.blocks[0].filters = 64;
    network.blocks[0].peepholes = Peepholes::Channel;
    network
}

#[test]
fn a_network_with_huge_intermediate_results_is_refused() {
    let network = huge();
    let bytes = model(network).to_bytes().expect("bytes");
    let error = Model::from_bytes(&bytes).expect_err("costly");
    assert!(matches!(error, ModelError::TooCostly { .. }), "{error}");
    let generous = ModelLimits { max_activations: u64::MAX, ..ModelLimits::default() };
    Model::from_bytes_within(&bytes, &generous).expect("within larger limits");
}

#[test]
fn a_branch_with_huge_intermediate_results_is_refused() {
    let small = NetworkConfig { segment_length: 1 << 16, ..tiny_network() };
    model(small.clone()).to_bytes().map(|b| Model::from_bytes(&b).expect("small")).expect("bytes");
    let network = NetworkConfig { branches: vec![huge()], ..small };
    let bytes = model(network).to_bytes().expect("bytes");
    let error = Model::from_bytes(&bytes).expect_err("costly");
    assert!(matches!(error, ModelError::TooCostly { .. }), "{error}");
}
