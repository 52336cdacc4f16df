//! The structure of exported graphs.

use std::collections::HashSet;

use clstm::{
    DimensionInfo, FrontendConfig, Model, ModelInfo, ProbabilityCalibration, TrainingInfo,
    TtaConfig,
};
use clstm_export::{WeightPrecision, onnx};
use clstm_nn::burn::tensor::Device;
use clstm_nn::{GflbConfig, NetworkConfig, Preset, Reset, parameters};

fn dimension(i: usize) -> DimensionInfo {
    DimensionInfo { name: format!("dimension-{i}"), min: 1.0, max: 5.0, mean: 3.0, std: 0.5 }
}

/// A model of random weights.
fn model(network: NetworkConfig, tta: TtaConfig) -> Model {
    let module = network.init(7, &Device::flex()).unwrap();
    let info = ModelInfo {
        name: "random".to_owned(),
        dimensions: (0..network.dimensions).map(dimension).collect(),
        labels: (0..network.classes).map(|i| format!("class-{i}")).collect(),
        frontend: FrontendConfig { tta, ..FrontendConfig::for_network(&network) },
        network,
        scaling: ProbabilityCalibration::of_temperature(0.7),
        calibration: None,
        training: TrainingInfo {
            corpus: "none".to_owned(),
            preset: "none".to_owned(),
            ..TrainingInfo::default()
        },
        license: "CC0-1.0".to_owned(),
        description: "Random weights.".to_owned(),
    };
    Model::new(info, parameters(&module)).unwrap()
}

/// The fields of a message: numbers and contents.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let varint = |bytes: &mut &[u8]| {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (byte, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    };
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        match tag & 7 {
            0 => {
                varint(&mut bytes);
            }
            2 => {
                let length = varint(&mut bytes) as usize;
                let (content, rest) = bytes.split_at(length);
                fields.push((tag >> 3, content));
                bytes = rest;
            }
            wire_type => panic!("wire type {wire_type}"),
        }
    }
    fields
}

/// The contents of all fields of one number.
fn all(bytes: &[u8], number: u64) -> Vec<&[u8]> {
    fields(bytes)
        .into_iter()
        .filter(|(field, _)| *field == number)
        .map(|(_, bytes)| bytes)
        .collect()
}

fn texts(bytes: &[u8], number: u64) -> Vec<String> {
    all(bytes, number).into_iter().map(|text| String::from_utf8(text.to_vec()).unwrap()).collect()
}

/// Checks that each node of a graph and of the graphs in it uses what comes before it; returns the kinds of the nodes.
fn check(graph: &[u8], mut known: HashSet<String>) -> Vec<String> {
    let name = |value: &&[u8], number| texts(value, number).swap_remove(0);
    known.extend(all(graph, 5).iter().map(|tensor| name(tensor, 8)));
    known.extend(all(graph, 11).iter().map(|input| name(input, 1)));
    let mut kinds = Vec::new();
    for node in all(graph, 1) {
        for input in texts(node, 1) {
            assert!(known.contains(&input), "{input} is not known yet");
        }
        for attribute in all(node, 5) {
            for nested in all(attribute, 6) {
                kinds.extend(check(nested, known.clone()));
            }
        }
        for output in texts(node, 2) {
            assert!(known.insert(output.clone()), "{output} is defined twice");
        }
        kinds.extend(texts(node, 4));
    }
    for output in all(graph, 12) {
        assert!(known.contains(&name(&output, 1)), "an output without a node");
    }
    kinds
}

fn kinds(network: NetworkConfig, tta: TtaConfig, precision: WeightPrecision) -> Vec<String> {
    let bytes = onnx(&model(network, tta), precision).unwrap();
    let graphs = all(&bytes, 7);
    assert_eq!(graphs.len(), 1);
    check(graphs[0], HashSet::new())
}

fn count(kinds: &[String], wanted: &str) -> usize {
    kinds.iter().filter(|kind| *kind == wanted).count()
}

#[test]
fn every_preset_becomes_a_graph_whose_nodes_are_in_order() {
    for preset in Preset::ALL {
        let network = preset.network(5);
        let blocks: usize = network.iter_branches().map(|branch| branch.blocks.len()).sum();
        let [gru, lstm] = network.iter_branches().fold([0, 0], |[gru, lstm], b| match b.gflb {
            GflbConfig::BiGru { layers, .. } => [gru + layers, lstm],
            GflbConfig::BiLstm { layers, .. } => [gru, lstm + layers],
            GflbConfig::None => [gru, lstm],
        });
        let kinds = kinds(network, TtaConfig::default(), WeightPrecision::F32);
        // One `Loop` for the recordings, one `Scan` for each ConvLSTM.
        assert_eq!([count(&kinds, "Loop"), count(&kinds, "Scan")], [1, blocks], "{preset}");
        assert_eq!([count(&kinds, "GRU"), count(&kinds, "LSTM")], [gru, lstm], "{preset}");
    }
}

#[test]
fn continuous_targets_are_an_output_of_their_own() {
    let plain = Preset::ClstmPlus.network(3);
    let outputs = |network: NetworkConfig| {
        let bytes = onnx(&model(network, TtaConfig::default()), WeightPrecision::F32).unwrap();
        let graph = all(&bytes, 7).swap_remove(0);
        let kinds = check(graph, HashSet::new());
        let names: Vec<String> =
            all(graph, 12).iter().map(|output| texts(output, 1).swap_remove(0)).collect();
        (names.join(" "), count(&kinds, "Min"), String::from_utf8_lossy(&bytes).into_owned())
    };
    let (names, clamps, text) = outputs(plain.clone());
    assert_eq!(
        (names.as_str(), clamps),
        ("probabilities logits features", outputs(plain.clone()).1)
    );
    assert!(!text.contains("dimension-0"));
    let (names, with, text) = outputs(NetworkConfig { dimensions: 2, ..plain });
    assert_eq!((names.as_str(), with), ("probabilities logits features dimensions", clamps + 1));
    assert!(text.contains(r#"["dimension-0","dimension-1"]"#), "the metadata");
}

#[test]
fn variants_of_test_time_augmentation_are_a_loop_too() {
    let tta = TtaConfig { shifts: 3, polarity: true };
    let mut network = Preset::Clstm.network(3);
    network.gflb = GflbConfig::BiGru { hidden: 4, layers: 1, reset: Reset::After };
    let kinds = kinds(network, tta, WeightPrecision::F32);
    assert_eq!([count(&kinds, "Loop"), count(&kinds, "Scan")], [2, 4]);
}

#[test]
fn int8_quantises_all_products_but_those_of_the_first_layers() {
    for preset in [Preset::Clstm, Preset::ClstmPlus, Preset::ConvLstmBiLstm] {
        let tta = TtaConfig::default();
        let [exact, small] = [WeightPrecision::F32, WeightPrecision::Int8]
            .map(|precision| kinds(preset.network(5), tta, precision));
        let branches = preset.network(5).iter_branches().count();
        let convolutions = |kinds: &[String]| count(kinds, "Conv") + count(kinds, "ConvInteger");
        assert_eq!(convolutions(&small), convolutions(&exact), "{preset}");
        assert_eq!(count(&small, "MatMulInteger"), count(&exact, "MatMul"), "{preset}");
        // The waveform's convolution, and in `clstm-plus` the one on the band energies; skips of the first block.
        let kept = count(&small, "Conv");
        assert!((1..=2 * branches).contains(&kept), "{preset}: {kept}");
        assert!(count(&small, "DequantizeLinear") >= 2 * branches, "{preset}");
    }
}

#[test]
fn int8_is_a_quarter_of_the_size() {
    let model = model(Preset::ClstmPlus.network(6), TtaConfig::default());
    let size = |precision| onnx(&model, precision).unwrap().len() as f64;
    let share = size(WeightPrecision::Int8) / size(WeightPrecision::F32);
    assert!((0.24..0.35).contains(&share), "{share}");
}

#[test]
fn the_metadata_has_labels_rate_and_licence() {
    let model = model(Preset::Clstm.network(2), TtaConfig::default());
    let bytes = onnx(&model, WeightPrecision::F32).unwrap();
    let properties: Vec<(String, String)> = all(&bytes, 14)
        .into_iter()
        .map(|property| (texts(property, 1).swap_remove(0), texts(property, 2).swap_remove(0)))
        .collect();
    let value = |wanted: &str| {
        properties.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    assert_eq!(value("labels"), Some(r#"["class-0","class-1"]"#));
    assert_eq!(value("sample_rate"), Some("16000"));
    assert_eq!(value("precision"), Some("f32"));
    let timeline: serde_json::Value = serde_json::from_str(value("timeline").unwrap()).unwrap();
    assert_eq!(timeline["recording"]["hop_s"], 1.0);
    let frontend: FrontendConfig = serde_json::from_str(value("frontend").unwrap()).unwrap();
    assert_eq!(frontend, model.info.frontend);
    assert_eq!(value("abstention"), None);
    assert_eq!(value("license"), Some("CC0-1.0"));
    assert_eq!(value("digest"), Some(model.digest().as_str()));
}

#[test]
fn a_model_without_one_of_its_tensors_is_refused() {
    let mut model = model(Preset::Clstm.network(2), TtaConfig::default());
    model.tensors.pop();
    let error = onnx(&model, WeightPrecision::F32).unwrap_err();
    assert!(error.to_string().contains("head."), "{error}");
}
