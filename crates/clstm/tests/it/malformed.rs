//! Model files that are none, are damaged, or contradict themselves.

use clstm::{Model, ModelError, Recognizer};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::tiny;

fn bytes() -> Vec<u8> {
    tiny().to_bytes().expect("bytes")
}

fn refused(bytes: &[u8]) -> ModelError {
    Model::from_bytes(bytes).expect_err("a malformed file")
}

fn file(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string().into_bytes();
    [&(header.len() as u64).to_le_bytes(), &*header, data].concat()
}

/// The header and the data of the tiny model, the checksum left out.
fn parts() -> (Value, Vec<u8>) {
    let bytes = bytes();
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    let (header, data) = bytes[8..].split_at(length);
    let mut header: Value = serde_json::from_slice(header).expect("JSON");
    header["__metadata__"].as_object_mut().expect("metadata").remove("sha256").expect("a checksum");
    (header, data.to_vec())
}

/// The tiny model with a changed description.
fn described(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let (mut header, data) = parts();
    let text = header["__metadata__"]["clstm"].as_str().expect("a description");
    let mut info: Value = serde_json::from_str(text).expect("JSON");
    change(&mut info);
    header["__metadata__"]["clstm"] = Value::String(info.to_string());
    file(&header, &data)
}

#[test]
fn the_helpers_of_these_tests_make_a_good_file() {
    let (header, data) = parts();
    let read = Model::from_bytes(&file(&header, &data)).expect("without a checksum");
    assert_eq!(read.info, tiny().info);
    Model::from_bytes(&described(|_| {})).expect("described again");
}

#[test]
fn truncated_files_are_rejected() {
    let bytes = bytes();
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    for length in 0..8 {
        assert!(matches!(refused(&bytes[..length]), ModelError::NotSafetensors { .. }));
    }
    let ends = [8, 9, 100, 8 + header - 1, 8 + header, 8 + header + 1, bytes.len() - 1];
    for length in ends.into_iter().chain((8..bytes.len()).step_by(97)) {
        match refused(&bytes[..length]) {
            ModelError::Truncated { expected, found } => {
                assert_eq!(found, length as u64);
                let whole = if length < 8 + header { 8 + header } else { bytes.len() };
                assert_eq!(expected, whole as u64);
            }
            other => panic!("{length} bytes: {other}"),
        }
    }
    let longer = [&*bytes, b"more"].concat();
    assert!(refused(&longer).to_string().contains("4 bytes after the last tensor"));
}

#[test]
fn other_files_are_distinguished() {
    let text = b"RIFF....WAVEfmt this is no model at all";
    assert!(matches!(refused(text), ModelError::NotSafetensors { .. }));
    assert!(matches!(refused(b""), ModelError::NotSafetensors { .. }));
    assert!(matches!(refused(&[0; 64]), ModelError::NotSafetensors { .. }));
    assert!(matches!(refused(b"{\"a\": 1}"), ModelError::HeaderTooLarge { .. }));

    // A header that lies about its length, up and down.
    let good = bytes();
    let with_length = |length: u64| [&length.to_le_bytes(), &good[8..]].concat();
    assert!(matches!(refused(&with_length(u64::MAX)), ModelError::HeaderTooLarge { .. }));
    assert!(matches!(refused(&with_length(1 << 20)), ModelError::Truncated { .. }));
    assert!(matches!(refused(&with_length(40)), ModelError::Damaged { .. }));
    assert!(matches!(refused(&with_length(0)), ModelError::Damaged { .. }));

    let foreign = json!({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}});
    let error = refused(&file(&foreign, &[0; 4]));
    assert!(matches!(error, ModelError::NotAModel { key: "format" }), "{error}");
    let mut no_header = parts();
    no_header.0["__metadata__"] = json!({"format": "clstm-model-1"});
    let error = refused(&file(&no_header.0, &no_header.1));
    assert!(matches!(error, ModelError::NotAModel { key: "clstm" }), "{error}");
    let mut later = parts();
    later.0["__metadata__"]["format"] = json!("clstm-model-2");
    let error = refused(&file(&later.0, &later.1));
    assert!(matches!(&error, ModelError::UnknownFormat { found, .. } if found == "clstm-model-2"));
}

#[test]
fn headers_that_contradict_themselves_are_refused() {
    let (good, data) = parts();
    let name = "head.class_bias";
    let damaged = |change: &dyn Fn(&mut Value)| {
        let mut header = good.clone();
        change(&mut header[name]);
        let error = refused(&file(&header, &data));
        assert!(matches!(error, ModelError::Damaged { .. }), "{error}");
    };
    damaged(&|entry| entry["shape"] = json!([4]));
    damaged(&|entry| entry["shape"] = json!([u64::MAX, u64::MAX]));
    damaged(&|entry| entry["shape"] = json!([-3]));
    damaged(&|entry| entry["data_offsets"] = json!([0, 12]));
    damaged(&|entry| entry["data_offsets"] = json!([12, 0]));
    damaged(&|entry| entry["data_offsets"] = json!([u64::MAX - 11, u64::MAX]));
    damaged(&|entry| entry["dtype"] = json!("F99"));
    damaged(&|entry| *entry = json!("nothing"));

    let mut header = good.clone();
    header[name]["dtype"] = json!("I32");
    let error = refused(&file(&header, &data));
    assert!(matches!(&error, ModelError::DataType { dtype, .. } if dtype == "I32"), "{error}");
    assert!(refused(&file(&json!([1, 2]), &data)).kind() == "format");

    let mut poisoned = data.clone();
    let last = poisoned.len() - 4;
    poisoned[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    let error = refused(&file(&good, &poisoned));
    assert!(error.to_string().contains("not finite at index 2"), "{error}");
}

#[test]
fn descriptions_that_contradict_themselves_are_refused() {
    let check = |change: &dyn Fn(&mut Value), named: &[&str]| {
        let error = refused(&described(|info| change(info))).to_string();
        assert!(named.iter().all(|words| error.contains(words)), "{error}");
    };
    check(&|info| *info = json!(7), &["description"]);
    check(&|info| info["labels"] = json!(null), &["description", "sequence"]);
    for field in ["name", "labels", "network", "frontend", "temperature", "training", "license"] {
        let error = refused(&described(|info| {
            info.as_object_mut().expect("an object").remove(field);
        }));
        assert!(error.to_string().contains(&format!("missing field `{field}`")), "{error}");
    }
    check(&|info| info["name"] = json!(" "), &["name", "empty"]);
    check(&|info| info["labels"] = json!(["a", "b"]), &["labels", "2 labels", "3 classes"]);
    check(&|info| info["labels"] = json!(["a", "b", "a"]), &["\"a\" is there twice"]);
    check(&|info| info["labels"] = json!(["a", "b", ""]), &["label 2 is empty"]);
    for bad in [json!(0.0), json!(-1), json!(1e-60), json!(1e300)] {
        check(&|info| info["temperature"] = bad.clone(), &["temperature", "is not in"]);
        let top_label = json!({"slope": bad, "offset": 0.0});
        check(&|info| info["top_label"] = top_label.clone(), &["top_label.slope"]);
    }
    check(&|info| info["temperature"] = json!(null), &["description"]);
    let top_label = json!({"slope": 1.0, "offset": -1e9});
    check(&|info| info["top_label"] = top_label.clone(), &["top_label.offset"]);
    for (field, bad, named) in [
        ("protocol", json!(""), "empty"),
        ("utterances", json!(0), "no utterances"),
        ("bins", json!(0), "no utterances or bins"),
        ("aurc", json!(1.5), "0..=1"),
        ("uncalibrated", json!({"ece": 1.1, "nll": 1.0, "brier": 1.0}), "ece is in 0..=1"),
        ("calibrated", json!({"ece": 0.1, "nll": -1.0, "brier": 1.0}), "nll 0 or more"),
        ("calibrated", json!({"ece": 0.1, "nll": 1.0, "brier": 2.5}), "brier in 0..=2"),
        ("abstention", json!({"threshold": 1.5, "coverage": 0.5, "risk": 0.1}), "fractions"),
        ("risk_coverage", json!([{"threshold": 0.5, "coverage": -0.5, "risk": 0}]), "fractions"),
        (
            "risk_coverage",
            json!([
                {"threshold": 0.0, "coverage": 0.5, "risk": 0.5},
                {"threshold": 0.5, "coverage": 1.0, "risk": 0.5}
            ]),
            "does not fall",
        ),
    ] {
        check(&|info| info["calibration"][field] = bad.clone(), &["calibration.", named]);
    }
    check(&|info| info["frontend"]["segment_length"] = json!(401), &["segment_length", "400"]);
    check(&|info| info["frontend"]["sample_rate"] = json!(8000), &["8000 Hz", "16000 Hz"]);
    check(&|info| info["frontend"]["target_rms"] = json!(0), &["frontend", "target_rms"]);
    check(&|info| info["frontend"]["min_steps"] = json!(21), &["frontend", "min_steps"]);
    check(&|info| info["frontend"]["max_steps"] = json!(1_000_000), &["frontend", "max_steps"]);
    check(&|info| info["frontend"]["trim"]["hop_s"] = json!(-1.0), &["frontend", "hop_s"]);
    check(&|info| info["frontend"]["louder"] = json!(true), &["description", "louder"]);
    check(&|info| info["network"]["blocks"] = json!([]), &["0 blocks"]);
    check(&|info| info["network"]["blocks"][0]["stride"] = json!(0), &["blocks[0].stride"]);
    check(&|info| info["training"]["scores"][0]["ua"] = json!(73.5), &["scores[0]", "fraction"]);
}

#[test]
fn a_description_from_before_calibrations_were_measured_is_read() {
    let older = described(|info| {
        info.as_object_mut().expect("an object").remove("calibration").expect("there");
    });
    let read = Model::from_bytes(&older).expect("an older file");
    assert_eq!(read.info.calibration, None);
    // What it does not hold is not written either: its digest stays.
    let text = serde_json::to_string(&read.info).expect("JSON");
    assert!(!text.contains("calibration"), "{text}");
}

#[test]
fn a_flipped_bit_is_noticed() {
    let mut bytes = bytes();
    let at = bytes.len() - 9;
    bytes[at] ^= 1; // the lowest bits of a weight: still a fine number
    let error = refused(&bytes);
    assert!(matches!(&error, ModelError::Damaged { reason } if reason.contains("checksum")));
}

/// What loads can be written, read again and built into a network or refused, without a panic.
fn use_it(model: &Model) {
    let again = Model::from_bytes(&model.to_bytes().expect("bytes")).expect("read again");
    assert_eq!((&again.info, &again.tensors), (&model.info, &model.tensors));
    let _ = Recognizer::new(model.clone());
}

proptest! {
    #[test]
    fn one_changed_byte_never_gives_another_model(at in any::<prop::sample::Index>(), to: u8) {
        let (good, mut bytes) = (tiny(), bytes());
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(read) = Model::from_bytes(&bytes) {
            prop_assert_eq!(&read.info, &good.info);
            prop_assert_eq!(&read.tensors, &good.tensors);
        }
    }

    #[test]
    fn many_changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let (header, data) = parts(); // no checksum stands guard
        let mut bytes = file(&header, &data);
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        let cut = cut.index(4 * bytes.len()).min(bytes.len());
        if let Ok(read) = Model::from_bytes(&bytes[..cut]) {
            use_it(&read);
        }
    }

    #[test]
    fn digits_changed_in_the_description_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), b'0'..=b'9'), 1..6),
    ) {
        let (header, data) = parts();
        let mut bytes = file(&header, &data);
        let header = bytes.len() - data.len();
        let digits: Vec<usize> = (8..header).filter(|&i| bytes[i].is_ascii_digit()).collect();
        for (at, to) in changes {
            bytes[digits[at.index(digits.len())]] = to;
        }
        if let Ok(read) = Model::from_bytes(&bytes) {
            use_it(&read);
        }
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Model::from_bytes(&bytes).is_err());
        let length = (bytes.len() as u64).to_le_bytes();
        let bytes = [&length, &b"{"[..], &bytes].concat();
        prop_assert!(Model::from_bytes(&bytes).is_err());
    }
}
